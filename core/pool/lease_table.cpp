#include "core/pool/lease_table.h"

#include <algorithm>
#include <cstring>

namespace latchkey {

BlobArena::Place BlobArena::allocate(std::size_t size) {
  const auto need = units(size);
  if (auto& first = free_[need]; first != kNone) {
    const auto place = first;
    std::memcpy(&first, at(place), sizeof first);
    return place;
  }
  if (used_ + need > kUnitsPerChunk) {
    chunks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(kUnitsPerChunk * kUnit));
    used_ = 0;
  }
  const auto place = (chunks_.size() - 1) * kUnitsPerChunk + used_;
  used_ += need;
  return static_cast<Place>(place);
}

void BlobArena::free(Place place, std::size_t size) {
  auto& first = free_[units(size)];
  std::memcpy(at(place), &first, sizeof first);
  first = place;
}

LeaseTable::Slot LeaseTable::take_slot() {
  if (!free_.empty()) {
    const auto slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (slots_ % kChunk == 0) chunks_.push_back(std::make_unique<Row[]>(kChunk));
  return slots_++;
}

LeaseTable::Slot LeaseTable::insert(const Name& consumer, std::uint32_t ttl,
                                    std::span<const Item> items) {
  const auto slot = take_slot();
  auto& row = this->row(slot);
  row.ttl = ttl;
  const auto size = blob_size(consumer.text.size(), items.size());
  row.blob = blobs_.allocate(size);
  blob_bytes_ += size;
  auto* blob = blobs_.at(row.blob);
  blob[0] = static_cast<std::uint8_t>(consumer.text.size());
  std::memcpy(blob + 2, consumer.text.data(), consumer.text.size());
  put_items(blob, items);
  index_.insert(consumer.hash, slot);
  return slot;
}

void LeaseTable::erase(Slot slot) {
  unlink(slot);
  index_.erase(name(consumer(slot)).hash, slot);
  auto& row = this->row(slot);
  const auto* blob = blobs_.at(row.blob);
  const auto size = blob_size(blob[0], blob[1]);
  blobs_.free(row.blob, size);
  blob_bytes_ -= size;
  row = Row();
  free_.push_back(slot);
}

std::string_view LeaseTable::consumer(Slot slot) const {
  const auto* blob = blobs_.at(row(slot).blob);
  return {reinterpret_cast<const char*>(blob + 2), blob[0]};
}

void LeaseTable::read_items(Slot slot, Items& out) const {
  const auto* blob = blobs_.at(row(slot).blob);
  out.resize(blob[1]);
  const auto* from = blob + 2 + blob[0];
  for (auto& item : out) {
    std::memcpy(&item.pool, from, sizeof item.pool);
    std::memcpy(&item.quantity, from + sizeof item.pool, sizeof item.quantity);
    from += blob_size(0, 1) - blob_size(0, 0);
  }
}

void LeaseTable::write_items(Slot slot, std::span<const Item> items) {
  auto& row = this->row(slot);
  auto* blob = blobs_.at(row.blob);
  const std::size_t id = blob[0], before = blob_size(id, blob[1]),
                    size = blob_size(id, items.size());
  blob_bytes_ += size - before;  // unsigned: wraps back where it is less
  if ((before + 7) / 8 != (size + 7) / 8) {
    const auto place = blobs_.allocate(size);
    std::memcpy(blobs_.at(place), blobs_.at(row.blob), 2 + id);
    blobs_.free(row.blob, before);
    row.blob = place;
    blob = blobs_.at(place);
  }
  put_items(blob, items);
}

/// Behind the id.
void LeaseTable::put_items(std::uint8_t* blob, std::span<const Item> items) {
  blob[1] = static_cast<std::uint8_t>(items.size());
  auto* to = blob + 2 + blob[0];
  for (const auto& item : items) {
    std::memcpy(to, &item.pool, sizeof item.pool);
    std::memcpy(to + sizeof item.pool, &item.quantity, sizeof item.quantity);
    to += blob_size(0, 1) - blob_size(0, 0);
  }
}

void LeaseTable::set_expiry(Slot slot, std::uint32_t second) {
  auto& row = this->row(slot);
  row.expires = second;
  if (row.bucket != 0 && row.bucket <= second) return;
  unlink(slot);
  link(slot, second);
}

void LeaseTable::link(Slot slot, std::uint32_t second) {
  auto& row = this->row(slot);
  const auto [bucket, fresh] = buckets_.try_emplace(second, kNone);
  row.bucket = second;
  row.before = kNone;
  row.after = bucket->second;
  if (row.after != kNone) this->row(row.after).before = slot;
  bucket->second = slot;
}

void LeaseTable::unlink(Slot slot) {
  auto& row = this->row(slot);
  if (row.bucket == 0) return;
  if (row.after != kNone) this->row(row.after).before = row.before;
  if (row.before != kNone)
    this->row(row.before).after = row.after;
  else if (row.after != kNone)
    buckets_[row.bucket] = row.after;
  else
    buckets_.erase(row.bucket);
  row.bucket = 0;
}

std::optional<std::uint32_t> LeaseTable::next_due() const {
  if (buckets_.empty()) return std::nullopt;
  return buckets_.begin()->first;
}

LeaseTable::Slot LeaseTable::pop_expired(std::uint32_t now) {
  while (!buckets_.empty() && buckets_.begin()->first <= now) {
    const auto slot = buckets_.begin()->second;
    const auto expires = row(slot).expires;
    unlink(slot);
    if (expires <= now) return slot;
    link(slot, expires);
  }
  return kNone;
}

}  // namespace latchkey
