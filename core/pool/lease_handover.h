#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/pool/lease_ledger.h"

// The leases on their way from the old holder to the new one, part by part: each is durable there
// before it is forgotten here (SPEC SRV-4, docs/protocol-peer.md).
namespace latchkey {

/// The holder asks for what the other node still has.
struct LeaseClaim {
  std::uint32_t epoch = 0;  ///< in which it holds them
  bool operator==(const LeaseClaim&) const = default;
};
struct LeasePart {
  std::uint32_t epoch = 0;   ///< of the claim
  std::uint64_t number = 0;  ///< counts up
  bool last = false;         ///< nothing is left after this one
  Bytes alive;               ///< as read_leases() takes it; may be empty
  Bytes unheard;  ///< the same, of leases whose consumers were not heard in this run or any more
  bool operator==(const LeasePart&) const = default;
};
/// That part is durable here.
struct LeaseAck {
  std::uint32_t epoch = 0;
  std::uint64_t number = 0;
  bool operator==(const LeaseAck&) const = default;
};

/// The old holder's side.
class LeaseGiver {
 public:
  static constexpr std::size_t kLeasesPerPart = 2048;
  static constexpr std::size_t kBytesPerPart = 512 * 1024;

  explicit LeaseGiver(LeaseLedger& ledger) : ledger_(ledger) {}

  /// From the start, whatever was on its way.
  void begin(std::uint32_t epoch);
  void stop() { epoch_ = 0; }
  bool giving() const { return epoch_ != 0; }
  std::uint32_t epoch() const { return epoch_; }
  /// The next part, when the one before was acknowledged.
  std::optional<LeasePart> next(std::uint32_t now);
  /// Forgets what that part carried. False: it was not waited for.
  bool acknowledged(const LeaseAck& ack);

 private:
  struct Given {
    LeaseLedger::Slot slot;
    LeaseVersion version;
  };
  LeaseLedger& ledger_;
  std::uint32_t epoch_ = 0;  ///< 0: nobody asks, or all is given
  std::uint64_t number_ = 0;
  LeaseLedger::Slot next_ = 0;
  std::vector<Given> given_;  ///< in the part that waits for its answer
  bool waiting_ = false, last_ = false;
};

/// The new holder's side.
class LeaseTaker {
 public:
  explicit LeaseTaker(LeaseLedger& ledger) : ledger_(ledger) {}

  /// While the old holder may still tell of it.
  void released(const std::string& consumer, LeaseVersion version) {
    released_[consumer] = version;
  }
  void forget_released() { released_.clear(); }
  /// `recovering`: nothing was granted yet of what those who were not heard of may hold. Error:
  /// `invalid-lease`; what stands before the fault counts.
  Result<void> take(const LeasePart& part, bool recovering, std::uint32_t now);

 private:
  LeaseLedger& ledger_;
  std::map<std::string, LeaseVersion, std::less<>> released_;
};

}  // namespace latchkey
