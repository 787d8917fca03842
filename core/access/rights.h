#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey {

/// What a caller may do (SPEC SEC-2); each stands for itself, none for another.
enum class Right : std::uint8_t {
  view = 1,        ///< read state, licenses, records, key IDs
  operate = 2,     ///< refresh keys, force a release
  administer = 4,  ///< licenses, trust, peer, identities
  consume = 8,     ///< hold leases of its own, and ask whether an operation is allowed
  draw = 16,       ///< draw capacity in blocks for consumers of its own (SPEC SRV-3)
};

/// A set of rights.
class Rights {
 public:
  constexpr Rights() = default;
  constexpr Rights(Right right)  // NOLINT(google-explicit-constructor): one right is a set
      : bits_(static_cast<std::uint8_t>(right)) {}

  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool has(Right right) const { return intersects(right); }
  constexpr bool intersects(Rights other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool operator==(const Rights&) const = default;
  friend constexpr Rights operator|(Rights a, Rights b) {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  std::uint8_t bits_ = 0;
};
constexpr Rights operator|(Right a, Right b) { return Rights(a) | Rights(b); }

/// What an identity, an account or a group is given by name.
enum class Role : std::uint8_t { none, viewer, operator_, administrator, consumer, client_site };

Rights rights_of(Role role);
/// "viewer", "operator", "administrator", "consumer", "client-site"; "none".
std::string_view to_string(Role role);
/// Nothing for "none" and for what is no role.
std::optional<Role> parse_role(std::string_view name);
/// "view", or "view or consume"; "none" for the empty set.
std::string to_string(Rights rights);

}  // namespace latchkey
