#include <algorithm>
#include <iterator>
#include <utility>

#include "core/pool/lease_ledger.h"

// How changes become durable, are undone, and come back at the start.
namespace latchkey {

/// Remembers the lease as it is, with before_ as its usage, for undo().
void LeaseLedger::note(std::string_view consumer, Slot slot) {
  auto& batch = *open_;
  Before before{batch.consumers.size(), batch.items.size(),
                static_cast<std::uint8_t>(consumer.size()),
                static_cast<std::uint8_t>(before_.size()), slot != LeaseTable::kNone};
  if (before.existed) before.row = table_.row(slot);
  batch.consumers += consumer;
  batch.items.insert(batch.items.end(), before_.begin(), before_.end());
  batch.before.push_back(before);
}

Bytes LeaseLedger::seal() {
  sealed_ = std::move(open_);
  open_batch();
  return sealed_->writer.take();
}

void LeaseLedger::commit() {
  durable_ = sealed_->number;
  spare_ = std::move(sealed_);
  spare_->before.clear();
  spare_->consumers.clear();
  spare_->items.clear();
  spare_->ends.clear();
}

void LeaseLedger::roll_back() {
  undo(*open_);
  undo(*sealed_);
  restated_ = sealed_->restated;
  auto ends = std::move(sealed_->ends);
  std::ranges::move(open_->ends, std::back_inserter(ends));
  sealed_.reset();
  open_batch();
  for (const auto& end : ends) open_->writer.drop(end.consumer, end.version);
  open_->ends = std::move(ends);
}

void LeaseLedger::undo(const Batch& batch) {
  for (auto before = batch.before.rbegin(); before != batch.before.rend(); ++before)
    restore(std::string_view(batch.consumers).substr(before->consumer_at, before->consumer_size),
            *before, std::span(batch.items).subspan(before->items_at, before->items));
}

void LeaseLedger::restore(std::string_view consumer, const Before& before,
                          std::span<const Item> items) {
  const auto slot = find(consumer);
  if (!before.existed) {
    if (slot != LeaseTable::kNone) remove(slot);
    return;
  }
  before_.clear();
  if (slot != LeaseTable::kNone) read_items(slot, before_);
  after_.assign(items.begin(), items.end());
  compare(consumer);
  accounts_.apply(changes_);
  const auto place = set(slot, table_.name(consumer), before.row.ttl, after_);
  auto& row = table_.row(place);
  row.version = before.row.version;
  row.request = before.row.request;
  row.epoch = before.row.epoch;
  row.ttl = before.row.ttl;
  row.owner = before.row.owner;
  row.batch = before.row.batch;
  table_.set_expiry(place, std::max(before.row.expires, row.expires));
}

bool LeaseLedger::restate(std::size_t count) {
  const auto end = std::min<std::size_t>(slots(), restated_ + count);
  for (; restated_ < end; ++restated_)
    if (occupied(restated_)) write(restated_, open_->writer);
  if (restated_ < slots()) return false;
  restated_ = 0;
  return true;
}

/// Takes over what stands in a row, with the names of the row looked up once.
class LeaseLedger::Loader final : public LeaseVisitor {
 public:
  explicit Loader(LeaseLedger& ledger) : ledger_(ledger) {}

  bool pool(PoolId id) override {
    const auto pool = ledger_.accounts_.intern(id);
    if (pool) pools_.push_back(*pool);
    return pool.has_value();
  }
  bool owner(std::string_view name) override {
    owners_.push_back(ledger_.owner_number(name));
    return true;
  }
  bool put(const PackedLease& lease) override {
    ledger_.version_ = std::max(ledger_.version_, lease.version.number);
    auto& items = ledger_.after_;
    items.clear();
    for (const auto& item : lease.usage) items.push_back({pools_[item.pool], item.quantity});
    std::ranges::sort(items, {}, &Item::pool);
    if (std::ranges::adjacent_find(items, {}, &Item::pool) != items.end()) return false;
    return ledger_.take_over(lease, owners_[lease.owner]);
  }
  bool drop(std::string_view consumer, LeaseVersion version) override {
    ledger_.version_ = std::max(ledger_.version_, version.number);
    if (const auto slot = ledger_.find(consumer); slot != LeaseTable::kNone) ledger_.remove(slot);
    return true;
  }

 private:
  LeaseLedger& ledger_;
  std::vector<PoolAccounts::Index> pools_;
  std::vector<std::uint32_t> owners_;
};

/// With after_ as its usage. False: there are kMaxLeases already.
bool LeaseLedger::take_over(const PackedLease& lease, std::uint32_t owner) {
  const auto name = table_.name(lease.consumer);
  const auto slot = table_.find(name);
  before_.clear();
  if (slot != LeaseTable::kNone)
    read_items(slot, before_);
  else if (size() == kMaxLeases)
    return false;
  compare(lease.consumer);
  accounts_.apply(changes_);
  auto& row = table_.row(set(slot, name, lease.ttl_s, after_));
  row.version = lease.version.number;
  row.epoch = lease.version.epoch;
  row.ttl = lease.ttl_s;
  row.request = lease.request;
  row.owner = owner;
  return true;
}

Result<void> LeaseLedger::load(ByteView row) {
  Loader loader(*this);
  return visit_leases(row, loader);
}

void LeaseLedger::loaded(std::uint32_t now) {
  loaded_at_ = now;
  for (Slot slot = 0; slot < slots(); ++slot)
    if (occupied(slot)) table_.set_expiry(slot, now + ttl(slot));
}

}  // namespace latchkey
