#include "core/pool/lease_codec.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace latchkey {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kMaxName = 64;  // of objects and units, as in a license document

enum Tag : std::uint8_t { kPool = 1, kOwner = 2, kPut = 3, kDrop = 4 };

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

class Reader {
 public:
  Reader(ByteView in, LeaseVisitor& visitor) : in_(in), visitor_(visitor) {}

  bool run() {
    if (in_.empty() || in_[at_++] != kFormat) return false;
    while (at_ < in_.size())
      if (!record(in_[at_++])) return false;
    return true;
  }
  std::size_t at() const { return at_; }

 private:
  bool record(std::uint8_t tag) {
    switch (tag) {
      case kPool:
        return pool();
      case kOwner:
        return owner();
      case kPut:
        return put();
      case kDrop:
        return drop();
      default:
        return false;
    }
  }

  bool pool() {
    const auto object = text(kMaxName), unit = text(kMaxName);
    if (!object || !unit || object->empty() || unit->empty() || pools_ == kMaxPools) return false;
    ++pools_;
    return visitor_.pool({std::string(*object), std::string(*unit)});
  }
  bool owner() {
    const auto name = text(kMaxOwner);
    if (!name || name->empty()) return false;
    ++owners_;
    return visitor_.owner(*name);
  }
  bool put() {
    const auto consumer = text(kMaxConsumerId);
    const auto owner = number(owners_);
    const auto epoch = number(kAnyEpoch), version = number(kAny), ttl = number(kMaxTtl);
    const auto request = number(kAny);
    if (!consumer || !is_consumer_id(*consumer) || !owner || *owner == owners_) return false;
    if (!epoch || !version || !ttl || *ttl == 0 || !request || at_ == in_.size()) return false;
    const std::size_t count = in_[at_++];
    if (!items(count)) return false;
    return visitor_.put({*consumer,
                         {static_cast<std::uint32_t>(*epoch), *version},
                         static_cast<std::uint32_t>(*owner),
                         static_cast<std::uint32_t>(*ttl),
                         *request,
                         std::span(items_).first(count)});
  }
  bool items(std::size_t count) {
    if (count > kMaxLeaseItems) return false;
    for (auto& item : std::span(items_).first(count)) {
      const auto pool = number(pools_);
      const auto quantity = number(kMaxQuantity);
      if (!pool || *pool == pools_ || !quantity || *quantity == 0) return false;
      item = {static_cast<std::uint32_t>(*pool), *quantity};
    }
    return true;
  }
  bool drop() {
    const auto consumer = text(kMaxConsumerId);
    const auto epoch = number(kAnyEpoch), version = number(kAny);
    if (!consumer || !is_consumer_id(*consumer) || !epoch || !version) return false;
    return visitor_.drop(*consumer, {static_cast<std::uint32_t>(*epoch), *version});
  }

  std::optional<std::string_view> text(std::size_t max) {
    if (at_ == in_.size()) return std::nullopt;
    const std::size_t size = in_[at_++];
    if (size > max || size > in_.size() - at_) return std::nullopt;
    at_ += size;
    return as_text(in_.subspan(at_ - size, size));
  }
  std::optional<std::uint64_t> number(std::uint64_t max) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < in_.size(); shift += 7) {
      const auto byte = in_[at_++];
      if (shift == 63 && byte > 1) return std::nullopt;
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value <= max ? std::optional(value) : std::nullopt;
    }
    return std::nullopt;
  }

  static constexpr std::uint64_t kAny = ~std::uint64_t{0}, kAnyEpoch = ~std::uint32_t{0};
  ByteView in_;
  LeaseVisitor& visitor_;
  std::size_t at_ = 0;
  std::size_t pools_ = 0, owners_ = 0;
  std::array<PackedLease::Item, kMaxLeaseItems> items_{};
};

/// Spells the leases out.
class Speller final : public LeaseVisitor {
 public:
  explicit Speller(const LeaseChanges& changes) : changes_(changes) {}

  bool pool(PoolId id) override {
    pools_.push_back(std::move(id));
    return true;
  }
  bool owner(std::string_view name) override {
    owners_.emplace_back(name);
    return true;
  }
  bool put(const PackedLease& packed) override {
    Lease lease{std::string(packed.consumer),
                owners_[packed.owner],
                {},
                packed.ttl_s,
                packed.version,
                packed.request};
    for (const auto& item : packed.usage) lease.usage.push_back({pools_[item.pool], item.quantity});
    std::ranges::sort(lease.usage, {}, &UsageItem::pool);
    if (std::ranges::adjacent_find(lease.usage, {}, &UsageItem::pool) != lease.usage.end())
      return false;
    changes_.put(lease);
    return true;
  }
  bool drop(std::string_view consumer, LeaseVersion version) override {
    changes_.drop(consumer, version);
    return true;
  }

 private:
  const LeaseChanges& changes_;
  std::vector<PoolId> pools_;
  std::vector<std::string> owners_;
};

/// The place of `number` in `known`, which it joins.
std::pair<std::uint32_t, bool> place_in(std::vector<std::uint32_t>& known, std::uint32_t number) {
  const auto found = std::ranges::find(known, number);
  const auto place = static_cast<std::uint32_t>(found - known.begin());
  if (found != known.end()) return {place, false};
  known.push_back(number);
  return {place, true};
}

}  // namespace

bool is_consumer_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxConsumerId || !is_plain(text.front())) return false;
  return std::ranges::all_of(
      text, [](char c) { return is_plain(c) || c == '.' || c == '_' || c == ':' || c == '-'; });
}

std::uint32_t LeaseWriter::pool_number(std::uint32_t pool) {
  const auto [place, fresh] = place_in(pools_, pool);
  if (!fresh) return place;
  const auto& id = names_.pool(pool);
  out_.push_back(kPool);
  text(id.object);
  text(id.unit);
  return place;
}

std::uint32_t LeaseWriter::owner_number(std::uint32_t owner) {
  const auto [place, fresh] = place_in(owners_, owner);
  if (!fresh) return place;
  out_.push_back(kOwner);
  text(names_.owner(owner));
  return place;
}

void LeaseWriter::begin_put(const Head& head, std::uint32_t owner) {
  out_.push_back(kPut);
  text(head.consumer);
  number(owner);
  number(head.version.epoch);
  number(head.version.number);
  number(head.ttl_s);
  number(head.request);
}

void LeaseWriter::drop(std::string_view consumer, LeaseVersion version) {
  out_.push_back(kDrop);
  text(consumer);
  number(version.epoch);
  number(version.number);
}

void LeaseWriter::number(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::uint8_t>(value | 0x80));
  out_.push_back(static_cast<std::uint8_t>(value));
}

void LeaseWriter::text(std::string_view text) {
  out_.push_back(static_cast<std::uint8_t>(text.size()));
  out_.insert(out_.end(), text.begin(), text.end());
}

Bytes LeaseWriter::take() {
  Bytes taken;
  taken.reserve(out_.size());
  taken.swap(out_);
  clear();
  return taken;
}

void LeaseWriter::clear() {
  out_.assign(1, kFormat);
  pools_.clear();
  owners_.clear();
}

Result<void> visit_leases(ByteView bytes, LeaseVisitor& visitor) {
  Reader reader(bytes, visitor);
  if (reader.run()) return {};
  return fail("invalid-lease",
              "The leases cannot be read from byte " + std::to_string(reader.at()) + " on.");
}

Result<void> read_leases(ByteView bytes, const LeaseChanges& changes) {
  Speller speller(changes);
  return visit_leases(bytes, speller);
}

}  // namespace latchkey
