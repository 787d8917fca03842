#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/siphash.h"
#include "core/pool/lease_index.h"

namespace latchkey {

/// Small pieces of memory in large ones, by size class: a million strings without a million
/// allocations.
class BlobArena {
 public:
  using Place = std::uint32_t;  ///< in units of 8 bytes
  static constexpr std::size_t kMaxSize = 512;

  Place allocate(std::size_t size);
  void free(Place place, std::size_t size);
  std::uint8_t* at(Place place) {
    return chunks_[place / kUnitsPerChunk].get() + (place % kUnitsPerChunk) * kUnit;
  }
  const std::uint8_t* at(Place place) const { return const_cast<BlobArena*>(this)->at(place); }

 private:
  static constexpr std::size_t kUnit = 8;
  static constexpr std::size_t kUnitsPerChunk = 8192;
  static constexpr Place kNone = ~Place{0};
  static std::size_t units(std::size_t size) { return (size + kUnit - 1) / kUnit; }

  struct FreeLists : std::array<Place, kMaxSize / kUnit + 1> {
    FreeLists() { fill(kNone); }
  };
  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;
  std::size_t used_ = kUnitsPerChunk;  ///< of the last chunk
  FreeLists free_;
};

/// The leases, at about 110 bytes each; what the numbers in them mean is LeaseLedger's. By consumer
/// id, and by the second in which they end.
class LeaseTable {
 public:
  using Slot = LeaseIndex::Slot;
  static constexpr Slot kNone = LeaseIndex::kNone;

  /// A consumer's id, hashed once for all that is done with it.
  struct Name {
    std::string_view text;
    LeaseIndex::Hash hash;
  };

  struct Item {
    std::uint16_t pool = 0;
    std::uint64_t quantity = 0;
    bool operator==(const Item&) const = default;
  };
  using Items = std::vector<Item>;

  struct Row {
    std::uint64_t version = 0;
    std::uint64_t request = 0;
    std::uint32_t epoch = 0;
    std::uint32_t ttl = 0;
    std::uint32_t owner = 0;
    std::uint32_t batch = 0;    ///< that changed it last
    std::uint32_t expires = 0;  ///< by set_expiry() only; second of the boot-time clock

   private:
    friend class LeaseTable;
    BlobArena::Place blob = 0;
    std::uint32_t bucket = 0;  ///< 0: in none
    Slot before = kNone, after = kNone;
  };

  /// Consumers choose their ids: `hashing` is random, and nobody's but this process's.
  explicit LeaseTable(const SipKey& hashing) : hash_(hashing) {}
  LeaseTable(const LeaseTable&) = delete;
  LeaseTable& operator=(const LeaseTable&) = delete;

  std::size_t size() const { return index_.size(); }
  /// Of all ids and items.
  std::size_t blob_bytes() const { return blob_bytes_; }
  /// Slots are numbered below this; a slot may be empty.
  Slot slots() const { return slots_; }
  bool occupied(Slot slot) const { return row(slot).ttl != 0; }

  Name name(std::string_view consumer) const {
    return {consumer, static_cast<LeaseIndex::Hash>(hash_(as_bytes(consumer)))};
  }
  Slot find(const Name& consumer) const {
    return index_.find(consumer.hash,
                       [&](Slot slot) { return this->consumer(slot) == consumer.text; });
  }
  /// A lease that never ends, for a consumer that has none; `ttl` is not 0.
  Slot insert(const Name& consumer, std::uint32_t ttl, std::span<const Item> items);
  void erase(Slot slot);

  Row& row(Slot slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  const Row& row(Slot slot) const { return chunks_[slot / kChunk][slot % kChunk]; }
  std::string_view consumer(Slot slot) const;
  void read_items(Slot slot, Items& out) const;
  void write_items(Slot slot, std::span<const Item> items);

  /// O(1) when it only moves later: the bucket is left when it falls due.
  void set_expiry(Slot slot, std::uint32_t second);
  /// The second at which pop_expired() has something to look at; none: nothing ends.
  std::optional<std::uint32_t> next_due() const;
  /// One lease that has ended by `now`, taken out of its bucket, or kNone.
  Slot pop_expired(std::uint32_t now);

 private:
  static constexpr std::size_t kChunk = 1024;
  static std::size_t blob_size(std::size_t id, std::size_t items) { return 2 + id + 10 * items; }

  Slot take_slot();
  static void put_items(std::uint8_t* blob, std::span<const Item> items);
  void link(Slot slot, std::uint32_t second);
  void unlink(Slot slot);

  std::vector<std::unique_ptr<Row[]>> chunks_;
  Slot slots_ = 0;
  std::vector<Slot> free_;
  BlobArena blobs_;
  std::size_t blob_bytes_ = 0;
  SipHash<> hash_;
  LeaseIndex index_;
  std::map<std::uint32_t, Slot> buckets_;  ///< second -> the first lease in it
};

}  // namespace latchkey
