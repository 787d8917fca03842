#include "core/pool/lease_handover.h"

#include <utility>

namespace latchkey {

void LeaseGiver::begin(std::uint32_t epoch) {
  epoch_ = epoch;
  next_ = 0;
  waiting_ = last_ = false;
  given_.clear();
}

std::optional<LeasePart> LeaseGiver::next(std::uint32_t now) {
  if (!giving() || waiting_) return std::nullopt;
  LeaseWriter alive(ledger_.names()), unheard(ledger_.names());
  for (; next_ < ledger_.slots() && given_.size() < kLeasesPerPart &&
         alive.bytes().size() + unheard.bytes().size() < kBytesPerPart;
       ++next_) {
    if (!ledger_.occupied(next_)) continue;
    ledger_.write(next_, ledger_.alive(next_, now) ? alive : unheard);
    given_.push_back({next_, ledger_.version(next_)});
  }
  waiting_ = true;
  last_ = next_ == ledger_.slots();
  return LeasePart{epoch_, ++number_, last_, alive.empty() ? Bytes() : alive.take(),
                   unheard.empty() ? Bytes() : unheard.take()};
}

bool LeaseGiver::acknowledged(const LeaseAck& ack) {
  if (!giving() || !waiting_ || ack != LeaseAck{epoch_, number_}) return false;
  for (const auto& [slot, version] : std::exchange(given_, {}))
    if (ledger_.occupied(slot) && ledger_.version(slot) == version)
      ledger_.release(ledger_.consumer(slot));
  waiting_ = false;
  if (last_) stop();
  return true;
}

Result<void> LeaseTaker::take(const LeasePart& part, bool recovering, std::uint32_t now) {
  const LeaseChanges adopt{[&](const Lease& lease) {
                             const auto ended = released_.find(lease.consumer);
                             if (ended == released_.end() || ended->second < lease.version)
                               ledger_.adopt(lease, now);
                           },
                           [](std::string_view, LeaseVersion) {}};
  if (!part.alive.empty()) LK_CHECK(read_leases(part.alive, adopt));
  if (recovering && !part.unheard.empty()) LK_CHECK(read_leases(part.unheard, adopt));
  return {};
}

}  // namespace latchkey
