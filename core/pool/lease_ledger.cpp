#include "core/pool/lease_ledger.h"

#include <algorithm>

namespace latchkey {
namespace {

LeaseRefusal not_owner(const LeaseRequest& request, const std::string& owner) {
  return {{"not-owner", std::string(request.consumer) + " was connected by " + owner + ".",
           "Choose another consumer id, or let an administrator release it."},
          {}};
}

LeaseRefusal exhausted(const PoolId& pool) {
  return {{"capacity-exhausted",
           "There is not enough of " + pool.object + " by " + pool.unit + " left.",
           "Use less, release what is not needed, or order an expansion; `latchkey pool` has the "
           "figures."},
          pool};
}

LeaseRefusal over_cap(const PoolId& pool, std::uint64_t cap) {
  return {{"over-cap",
           "This consumer may use " + std::to_string(cap) + " of " + pool.object + " by " +
               pool.unit + " at most.",
           "Use less, or let an administrator change its terms (`latchkey consumer terms`)."},
          pool};
}

}  // namespace

LeaseLedger::LeaseLedger(const SipKey& hashing, std::uint32_t epoch)
    : epoch_(epoch),
      table_(hashing),
      names_{[this](std::uint32_t pool) -> const PoolId& {
               return accounts_.id(static_cast<PoolAccounts::Index>(pool));
             },
             [this](std::uint32_t owner) -> const std::string& { return owners_[owner]; }} {
  open_batch();
}

void LeaseLedger::open_batch() {
  open_ = spare_ ? std::move(spare_) : std::make_unique<Batch>(names_);
  open_->number = ++batch_;
  open_->restated = restated_;
}

std::uint32_t LeaseLedger::owner_number(std::string_view owner) {
  if (const auto known = owner_index_.find(owner); known != owner_index_.end())
    return known->second;
  const auto number = static_cast<std::uint32_t>(owners_.size());
  owners_.emplace_back(owner);
  owner_index_.emplace(owners_.back(), number);
  return number;
}

// --- terms

const ConsumerTerms* LeaseLedger::terms_of(std::string_view consumer) const {
  if (terms_.empty()) return nullptr;
  const auto found = terms_.find(consumer);
  return found == terms_.end() ? nullptr : &found->second;
}

/// What is left of its reservation when it uses so much.
std::uint64_t LeaseLedger::idle(const ConsumerTerms* terms, PoolAccounts::Index pool,
                                std::uint64_t used) const {
  if (terms == nullptr) return 0;
  const auto reserve = terms->reserve.find(accounts_.id(pool));
  if (reserve == terms->reserve.end()) return 0;
  return reserve->second - std::min(reserve->second, used);
}

void LeaseLedger::set_terms(TermsByConsumer terms) {
  for (const auto& [consumer, old] : terms_) reserve_for(consumer, old, false);
  terms_ = std::move(terms);
  for (const auto& [consumer, fresh] : terms_) reserve_for(consumer, fresh, true);
}

void LeaseLedger::reserve_for(std::string_view consumer, const ConsumerTerms& terms, bool begin) {
  before_.clear();
  if (const auto slot = find(consumer); slot != LeaseTable::kNone) read_items(slot, before_);
  for (const auto& [id, quantity] : terms.reserve) {
    const auto pool = accounts_.intern(id);
    if (!pool) continue;
    const auto used = std::ranges::find(before_, *pool, &Item::pool);
    const auto left = idle(&terms, *pool, used == before_.end() ? 0 : used->quantity);
    accounts_.reserve(*pool, begin ? 0 : left, begin ? left : 0);
  }
}

std::uint64_t LeaseLedger::available_to(std::string_view consumer, const PoolId& id) {
  const auto pool = accounts_.find(id);
  if (!pool) return 0;
  before_.clear();
  if (const auto slot = find(consumer); slot != LeaseTable::kNone) read_items(slot, before_);
  const auto item = std::ranges::find(before_, *pool, &Item::pool);
  const auto used = item == before_.end() ? 0 : item->quantity;
  const auto* terms = terms_of(consumer);
  const auto mine = idle(terms, *pool, used);
  accounts_.reserve(*pool, mine, 0);
  auto available = accounts_.available(*pool);
  accounts_.reserve(*pool, 0, mine);
  if (terms == nullptr) return available;
  if (const auto cap = terms->cap.find(id); cap != terms->cap.end())
    available = std::min(available, cap->second - std::min(cap->second, used));
  return available;
}

// --- deciding

void LeaseLedger::compare(std::string_view consumer) {
  changes_.clear();
  const auto* terms = terms_of(consumer);
  const auto add = [&](PoolAccounts::Index pool, std::uint64_t before, std::uint64_t after) {
    if (before != after)
      changes_.push_back(
          {pool, before, after, idle(terms, pool, before), idle(terms, pool, after)});
  };
  auto old = before_.begin();
  for (const auto& item : after_) {
    for (; old != before_.end() && old->pool < item.pool; ++old) add(old->pool, old->quantity, 0);
    const bool both = old != before_.end() && old->pool == item.pool;
    add(item.pool, both ? old->quantity : 0, item.quantity);
    if (both) ++old;
  }
  for (; old != before_.end(); ++old) add(old->pool, old->quantity, 0);
}

/// Into after_. A pool that nobody ever heard of has nothing to give, and is not remembered.
std::optional<LeaseRefusal> LeaseLedger::resolve(const LeaseRequest& request,
                                                 const Policy& policy) {
  after_.clear();
  for (const auto& item : request.usage) {
    if (item.quantity == 0) continue;
    const auto pool = accounts_.find(item.pool);
    if (pool) {
      after_.push_back({*pool, item.quantity});
    } else {
      if (auto denied = policy(item.pool.object)) return LeaseRefusal{std::move(*denied), {}};
      return exhausted(item.pool);
    }
  }
  std::ranges::sort(after_, {}, &Item::pool);
  return std::nullopt;
}

std::optional<LeaseRefusal> LeaseLedger::refuse(const LeaseRequest& request,
                                                const PoolAccounts::Change& change,
                                                const Policy& policy) const {
  if (change.after <= change.before) return std::nullopt;
  const auto& id = accounts_.id(change.pool);
  if (auto denied = policy(id.object)) return LeaseRefusal{std::move(*denied), {}};
  if (const auto* terms = terms_of(request.consumer))
    if (const auto cap = terms->cap.find(id); cap != terms->cap.end() && change.after > cap->second)
      return over_cap(id, cap->second);
  return std::nullopt;
}

/// When nothing speaks against it, the accounts have changed.
std::optional<LeaseRefusal> LeaseLedger::decide(const LeaseRequest& request, const Policy& policy) {
  compare(request.consumer);
  for (const auto& change : changes_)
    if (auto refused = refuse(request, change, policy)) return refused;
  accounts_.apply(changes_);
  if (const auto lacking = accounts_.lacking(changes_)) {
    accounts_.revert(changes_);
    return exhausted(accounts_.id(*lacking));
  }
  return std::nullopt;
}

/// What was stated in an earlier epoch is stated anew: the old holder may have granted more, later
/// and unanswered, and what is acknowledged now must outrank that when it comes.
bool LeaseLedger::stands(Slot slot, const LeaseRequest& request) {
  const auto& row = table_.row(slot);
  if (request.request != 0 && request.request == row.request) return true;
  return row.epoch == epoch_ && row.ttl == request.ttl_s && before_ == after_;
}

// --- changing

tl::expected<bool, LeaseRefusal> LeaseLedger::put(const LeaseRequest& request, std::uint32_t now,
                                                  const Policy& policy) {
  const auto name = table_.name(request.consumer);
  const auto slot = table_.find(name);
  const bool known = slot != LeaseTable::kNone;
  before_.clear();
  if (known) {
    if (!request.any_owner && owner(slot) != request.owner)
      return tl::make_unexpected(not_owner(request, owner(slot)));
    read_items(slot, before_);
  } else if (size() == kMaxLeases) {
    return tl::make_unexpected(
        LeaseRefusal{{"too-many-leases", "There are as many consumers as one license server takes.",
                      "Release consumers that are not needed."},
                     {}});
  }
  if (auto refused = resolve(request, policy)) return tl::make_unexpected(std::move(*refused));
  if (known && stands(slot, request)) {
    table_.set_expiry(slot, now + table_.row(slot).ttl);
    return false;
  }
  if (auto refused = decide(request, policy)) return tl::make_unexpected(std::move(*refused));
  note(request.consumer, slot);
  const auto place = set(slot, name, request.ttl_s, after_);
  auto& row = table_.row(place);
  if (!known) row.owner = owner_number(request.owner);
  row.ttl = request.ttl_s;
  row.request = request.request;
  row.epoch = epoch_;
  row.version = ++version_;
  row.batch = batch_;
  table_.set_expiry(place, now + request.ttl_s);
  write(place, open_->writer);
  return true;
}

/// `slot` is where the consumer is found.
LeaseLedger::Slot LeaseLedger::set(Slot slot, const LeaseTable::Name& consumer, std::uint32_t ttl,
                                   std::span<const Item> items) {
  longest_ttl_ = std::max(longest_ttl_, ttl);
  if (slot == LeaseTable::kNone) return table_.insert(consumer, ttl, items);
  table_.write_items(slot, items);
  return slot;
}

bool LeaseLedger::heartbeat(std::string_view consumer, std::uint32_t now) {
  const auto slot = find(consumer);
  if (slot == LeaseTable::kNone) return false;
  table_.set_expiry(slot, now + table_.row(slot).ttl);
  return true;
}

/// Takes the lease and what it used away.
void LeaseLedger::remove(Slot slot) {
  read_items(slot, before_);
  after_.clear();
  compare(consumer(slot));
  accounts_.apply(changes_);
  table_.erase(slot);
}

bool LeaseLedger::release(std::string_view consumer) {
  const auto slot = find(consumer);
  if (slot == LeaseTable::kNone) return false;
  read_items(slot, before_);
  note(consumer, slot);
  open_->writer.drop(consumer, version(slot));
  remove(slot);
  return true;
}

std::size_t LeaseLedger::expire(std::uint32_t now, std::size_t limit) {
  std::size_t ended = 0;
  while (ended < limit) {
    const auto slot = table_.pop_expired(now);
    if (slot == LeaseTable::kNone) break;
    if (table_.row(slot).batch > durable_) {
      table_.set_expiry(slot, now + 1);
      continue;
    }
    open_->ends.push_back({std::string(consumer(slot)), version(slot)});
    open_->writer.drop(consumer(slot), version(slot));
    remove(slot);
    ++ended;
  }
  return ended;
}

// --- looking

LeaseVersion LeaseLedger::version(Slot slot) const {
  return {table_.row(slot).epoch, table_.row(slot).version};
}

void LeaseLedger::write(Slot slot, LeaseWriter& writer) const {
  thread_local Items items;
  read_items(slot, items);
  const auto& row = table_.row(slot);
  writer.put({consumer(slot), version(slot), row.owner, row.ttl, row.request}, items);
}

Lease LeaseLedger::lease(Slot slot) const {
  Items items;
  read_items(slot, items);
  Lease lease{std::string(consumer(slot)), owner(slot), {}, ttl(slot), version(slot),
              table_.row(slot).request};
  for (const auto& item : items) lease.usage.push_back({accounts_.id(item.pool), item.quantity});
  std::ranges::sort(lease.usage, {}, &UsageItem::pool);
  return lease;
}

}  // namespace latchkey
