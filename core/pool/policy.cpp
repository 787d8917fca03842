#include "core/pool/policy.h"

#include <algorithm>
#include <array>

namespace latchkey {
namespace {

constexpr std::array<std::string_view, 6> kOperations{"view",    "login",  "reduce",
                                                      "license", "create", "other"};

/// SPEC QUOTA-2, QUOTA-3, QUOTA-4: in every state.
bool always_allowed(Operation operation) {
  return operation != Operation::create && operation != Operation::other;
}

template <class Predicate>
bool any_base(const Entitlements& entitlements, Predicate predicate) {
  return std::ranges::any_of(entitlements.entries, [&](const EntitledEntry& entry) {
    return entry.entry->kind == EntryKind::base && predicate(entry);
  });
}

bool any_base_is(const Entitlements& entitlements, EntryStatus status) {
  return any_base(entitlements,
                  [status](const EntitledEntry& entry) { return entry.status == status; });
}

/// The buffer ended something that the license itself still grants.
bool buffer_is_over(const Entitlements& entitlements) {
  return any_base(entitlements, [&](const EntitledEntry& entry) {
    return entry.source == LicenseSource::buffer && entry.status == EntryStatus::expired &&
           entitlements.at < entry.entry->validity.not_after;
  });
}

/// A key's license had expired when the key left: it is known no more, only that it ended (SPEC
/// BUF-1).
bool left_expired(const Decision& decision) {
  return !decision.license && !decision.buffer && decision.entries_until &&
         *decision.entries_until <= decision.at;
}

bool has(const Standing& standing, const std::string& object, EntryStatus status) {
  return std::ranges::any_of(standing.entitlements.entries, [&](const EntitledEntry& entry) {
    return entry.entry->object == object && entry.status == status;
  });
}

bool counts(const Standing& standing, const std::string& object) {
  return std::ranges::any_of(standing.entitlements.entries, [&](const EntitledEntry& entry) {
    return entry.entry->object == object && entry.counts();
  });
}

/// SPEC LIC-12: without a license of its own it lives on another object's.
bool counts_or_draws(const Standing& standing, const std::string& object) {
  if (counts(standing, object)) return true;
  const auto known = standing.catalog.objects.find(object);
  return known != standing.catalog.objects.end() && !known->second.draws_on.empty() &&
         counts(standing, known->second.draws_on);
}

Error why_not_licensed(const Standing& standing, const std::string& object) {
  const auto name = object_name(standing.catalog, object);
  if (has(standing, object, EntryStatus::expired))
    return {"module-expired", "The license for " + name + " has expired.",
            "Order a renewal and install it; only operations of " + name + " are denied."};
  if (has(standing, object, EntryStatus::not_yet_valid))
    return {"not-yet-valid", "The license for " + name + " is not valid yet.",
            "Wait until it begins (`latchkey pool`), or ask the vendor for an earlier one."};
  return {"not-licensed", "No license for " + name + " counts here.",
          "`latchkey pool` says what does and why another does not; else order one."};
}

}  // namespace

std::string_view to_string(Operation operation) {
  return kOperations[static_cast<std::size_t>(operation)];
}

std::optional<Operation> parse_operation(std::string_view name) {
  const auto found = std::ranges::find(kOperations, name);
  if (found == kOperations.end()) return std::nullopt;
  return static_cast<Operation>(found - kOperations.begin());
}

std::optional<Error> why_unusable(const Decision& decision, const Entitlements& entitlements) {
  if (entitlements.usable) return std::nullopt;
  if (buffer_is_over(entitlements))
    return Error{"buffer-over", "The buffer license is over.",
                 "Insert the USB key again, or order a license and install it."};
  if (any_base_is(entitlements, EntryStatus::server_lost))
    return Error{"server-lost", "The license server has been away for longer than its grace.",
                 "Look at `latchkey upstream` for why it cannot be reached; it recovers alone."};
  if (any_base_is(entitlements, EntryStatus::expired) || left_expired(decision))
    return Error{"license-expired", "The base license has expired.",
                 "Order a renewal and install it: `latchkey license install FILE`."};
  if (any_base_is(entitlements, EntryStatus::not_yet_valid))
    return Error{"not-yet-valid", "The base license is not valid yet.",
                 "Wait until it begins (`latchkey pool`); look at the clock if that is past."};
  if (any_base_is(entitlements, EntryStatus::environment_mismatch))
    return Error{"wrong-environment", "The base license describes other machines than these.",
                 "Order it anew with `latchkey request-key`; `latchkey pool` says what moved."};
  if (decision.reason == "never-inserted")
    return Error{"never-inserted", "No license was installed, and no USB key ever plugged in.",
                 "Plug in the USB key, or install a license: `latchkey license install FILE`."};
  return Error{"no-license", "No base license counts now.",
               "`latchkey status` says what is wrong with the key, and what to do."};
}

std::optional<Error> restriction(const Standing& standing) {
  if (auto unusable = why_unusable(standing.decision, standing.entitlements)) return unusable;
  if (!standing.capacity.over_quota) return std::nullopt;
  return Error{"over-quota", "More is used than is licensed.",
               "Use less, or order an expansion and install it; `latchkey pool` has the "
               "figures."};
}

std::optional<Error> denial(const Standing& standing, Operation operation,
                            const std::string& object) {
  if (always_allowed(operation)) return std::nullopt;
  if (auto restricted = restriction(standing)) return restricted;
  if (object.empty() || counts_or_draws(standing, object)) return std::nullopt;
  return why_not_licensed(standing, object);
}

}  // namespace latchkey
