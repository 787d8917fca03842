#include <algorithm>

#include "core/pool/lease_ledger.h"

// What another holder granted (SPEC SRV-4).
namespace latchkey {

/// Its usage, into after_.
bool LeaseLedger::intern_items(const Lease& lease) {
  after_.clear();
  for (const auto& item : lease.usage) {
    const auto pool = accounts_.intern(item.pool);
    if (!pool) return false;
    after_.push_back({*pool, item.quantity});
  }
  std::ranges::sort(after_, {}, &Item::pool);
  return true;
}

/// Whether before_ may become after_: no pool is used more than there is of it, or than it was.
bool LeaseLedger::fits(std::string_view consumer, const Quantities& floors) {
  compare(consumer);
  accounts_.apply(changes_);
  const bool fit = std::ranges::none_of(changes_, [&](const PoolAccounts::Change& change) {
    if (!accounts_.lacking(std::span(&change, 1))) return false;
    const auto floor = floors.find(accounts_.id(change.pool));
    return floor == floors.end() || accounts_.used(change.pool) > floor->second;
  });
  accounts_.revert(changes_);
  return fit;
}

LeaseLedger::Adopted LeaseLedger::adopt(const Lease& lease, std::uint32_t now,
                                        const Quantities* floors) {
  const auto slot = find(lease.consumer);
  const bool known = slot != LeaseTable::kNone;
  if (known && version(slot) >= lease.version) return Adopted::known;
  if ((!known && size() == kMaxLeases) || !intern_items(lease)) return Adopted::no_room;
  before_.clear();
  if (known) read_items(slot, before_);
  if (floors != nullptr && !fits(lease.consumer, *floors)) return Adopted::no_room;
  note(lease.consumer, slot);
  count_from(lease.version.number);
  take_over({lease.consumer, lease.version, 0, lease.ttl_s, lease.request, {}},
            owner_number(lease.owner));
  const auto place = find(lease.consumer);
  table_.row(place).batch = batch_;
  table_.set_expiry(place, now + lease.ttl_s);
  write(place, open_->writer);
  return Adopted::yes;
}

}  // namespace latchkey
