#pragma once

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

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
  using Slot = std::uint32_t;
  static constexpr Slot kNone = ~Slot{0};

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
    std::uint32_t hash = 0;
    BlobArena::Place blob = 0;
    std::uint32_t bucket = 0;  ///< 0: in none
    Slot before = kNone, after = kNone;
  };

  LeaseTable();
  LeaseTable(const LeaseTable&) = delete;
  LeaseTable& operator=(const LeaseTable&) = delete;

  std::size_t size() const { return index_.size(); }
  /// Slots are numbered below this; a slot may be empty.
  Slot slots() const { return slots_; }
  bool occupied(Slot slot) const { return row(slot).ttl != 0; }

  Slot find(std::string_view consumer) const;
  /// A lease without usage that never ends, for a consumer that has none; `ttl` is not 0.
  Slot insert(std::string_view consumer, std::uint32_t ttl);
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
  struct Hash {
    using is_transparent = void;
    const LeaseTable* table;
    std::size_t operator()(Slot slot) const { return table->row(slot).hash; }
    std::size_t operator()(std::string_view text) const { return hash_of(text); }
  };
  struct Equal {
    using is_transparent = void;
    const LeaseTable* table;
    bool operator()(Slot a, Slot b) const { return a == b; }
    bool operator()(Slot slot, std::string_view text) const {
      return table->consumer(slot) == text;
    }
    bool operator()(std::string_view text, Slot slot) const { return (*this)(slot, text); }
  };
  static std::uint32_t hash_of(std::string_view text);
  static std::size_t blob_size(std::size_t id, std::size_t items) { return 2 + id + 10 * items; }

  Slot take_slot();
  void link(Slot slot, std::uint32_t second);
  void unlink(Slot slot);

  std::vector<std::unique_ptr<Row[]>> chunks_;
  Slot slots_ = 0;
  std::vector<Slot> free_;
  BlobArena blobs_;
  boost::unordered_flat_set<Slot, Hash, Equal> index_;
  std::map<std::uint32_t, Slot> buckets_;  ///< second -> the first lease in it
};

}  // namespace latchkey
