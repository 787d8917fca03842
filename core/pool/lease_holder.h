#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/pool/pool_id.h"

// Which of two nodes keeps the leases, and what it may do with them (SPEC SRV-4): docs/decisions,
// "Leases have one holder", has the argument.
namespace latchkey {

/// A node has taken the deployment's leases. Of all takings the strongest counts.
struct LeaseTaking {
  std::uint32_t epoch = 0;  ///< 0: nobody has taken them yet
  std::string node;         ///< empty: a token told of it, not who it was
  bool operator==(const LeaseTaking&) const = default;
};
/// The higher epoch; of the same one the smaller node id.
bool outranks(const LeaseTaking& a, const LeaseTaking& b);

/// What a node says of the leases with every heartbeat to the other.
struct LeaseFigures {
  std::uint32_t epoch = 0;  ///< in which it holds them; 0: it does not, and the rest says nothing
  bool sees_address = false;
  std::uint32_t longest_ttl = 0;  ///< seconds
  std::uint64_t leases = 0;
  Quantities used;
  Quantities reserved;  ///< kept for consumers that do not use it
  bool operator==(const LeaseFigures&) const = default;
};

/// Seconds in which two nodes that do not hear each other may both believe to be the holder:
/// nothing ends on either side before it is clear.
inline constexpr std::uint32_t kLeaseDoubt = 15;
inline constexpr std::uint32_t kMaxRecovery = 120;  ///< seconds

/// One node's view of who holds the leases. Pure; seconds are those of the boot-time clock.
class LeaseHolder {
 public:
  using Second = std::uint32_t;

  /// `watches_address`: a virtual address decides who holds.
  LeaseHolder(std::string self, bool watches_address)
      : self_(std::move(self)), watches_(watches_address) {}

  // --- what it is told

  /// The other node of the deployment; empty: there is none.
  void set_peer(std::string node, Second now);
  /// A durable fact, here or there.
  void learn(const LeaseTaking& taking, Second now);
  /// A token of that epoch was given, by whomever.
  void learn_epoch(std::uint32_t epoch, Second now) { learn({epoch, ""}, now); }
  void set_linked(bool linked, Second now);
  void set_address_seen(bool seen);
  void hear(const LeaseFigures& peer, Second now);
  void own_ttl(std::uint32_t longest) { own_ttl_ = longest; }
  /// Everything that the other node had is durable here, and it has forgotten it.
  void handed_over(std::uint32_t epoch);

  // --- what follows

  enum class Whose {
    nobody,    ///< holds them: who is asked first takes them
    ours,      ///< this node
    in_doubt,  ///< this node, if the other one did not take them: that cannot be seen from here
    theirs     ///< the other node
  };
  Whose whose() const;
  const LeaseTaking& strongest() const { return strongest_; }
  /// The node of a `not-holder`; empty: not known.
  const std::string& holder() const;
  /// The address is here and the leases are not.
  bool should_take() const;
  /// Nobody holds them, and nobody else would take them at the same time.
  bool may_be_first() const;
  /// The epoch to take them in, once decided; nothing while a taking is not durable yet.
  std::optional<std::uint32_t> take();
  /// A taking is on its way to the disk.
  bool taking() const { return pending_ != 0; }
  /// Nothing new may be granted before that second; none: it may.
  std::optional<Second> recovering(Second now) const;
  /// Before that second no lease may end: one that went to the other node must not free anything
  /// here while both believe to be the holder.
  Second no_end_before() const { return clear_from_; }

  bool paired() const { return !peer_.empty(); }
  bool linked() const { return linked_; }
  bool watches_address() const { return watches_; }
  bool sees_address() const { return sees_; }
  const LeaseFigures& peer_figures() const { return figures_; }

 private:
  bool gone(const LeaseTaking& taking) const;
  void recover(Second now);

  const std::string self_;
  const bool watches_;
  std::string peer_;
  LeaseTaking strongest_;
  std::uint32_t pending_ = 0;  ///< epoch of a taking that is not durable yet
  bool linked_ = false;
  bool sees_ = false;
  bool gained_ = false;  ///< the address came, and nothing followed yet
  bool peer_sees_ = false;
  bool heard_ = false;  ///< figures_ are of this run
  LeaseFigures figures_;
  std::uint32_t peer_ttl_ = 0;
  std::uint32_t own_ttl_ = 0;
  std::optional<Second> recovery_;
  Second clear_from_ = 0;
};

}  // namespace latchkey
