#pragma once

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>

namespace latchkey {

/// Slots of LeaseTable by the hash of their consumer's id. In parts that grow one at a time, and
/// with the hashes beside the slots: no insertion moves more than a 64th of all, or looks at a row
/// for that.
class LeaseIndex {
 public:
  using Slot = std::uint32_t;
  using Hash = std::uint32_t;
  static constexpr Slot kNone = ~Slot{0};

  std::size_t size() const { return size_; }

  /// The slot with this hash for which `is_it(slot)`, or kNone.
  template <class IsIt>
  Slot find(Hash hash, const IsIt& is_it) const {
    const auto& part = parts_[hash % kParts];
    const auto found = part.find(Wanted<IsIt>{hash, is_it});
    return found == part.end() ? kNone : found->slot;
  }
  /// The slot is not in it yet.
  void insert(Hash hash, Slot slot) {
    parts_[hash % kParts].insert({hash, slot});
    ++size_;
  }
  void erase(Hash hash, Slot slot) { size_ -= parts_[hash % kParts].erase(Entry{hash, slot}); }

 private:
  static constexpr std::size_t kParts = 64;
  struct Entry {
    Hash hash;
    Slot slot;
  };
  template <class IsIt>
  struct Wanted {
    Hash hash;
    const IsIt& is_it;
  };
  struct HashOf {
    using is_transparent = void;
    std::size_t operator()(const auto& one) const { return one.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& a, const Entry& b) const { return a.slot == b.slot; }
    template <class IsIt>
    bool operator()(const Wanted<IsIt>& wanted, const Entry& entry) const {
      return entry.hash == wanted.hash && wanted.is_it(entry.slot);
    }
    template <class IsIt>
    bool operator()(const Entry& entry, const Wanted<IsIt>& wanted) const {
      return (*this)(wanted, entry);
    }
  };

  std::array<boost::unordered_flat_set<Entry, HashOf, Equal>, kParts> parts_;
  std::size_t size_ = 0;
};

}  // namespace latchkey
