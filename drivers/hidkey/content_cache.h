#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/sha256.h"

namespace latchkey::hidkey {

/// Public keys and licenses that some key has already delivered, by their SHA-256: what makes a
/// known key cost one HELLO and one proof. It holds public, content-addressed bytes only, so it
/// decides nothing. Any thread.
class ContentCache {
 public:
  std::optional<Bytes> find(const Digest& digest) const;
  /// Keeps the latest few; `content` must have this digest.
  void put(const Digest& digest, const Bytes& content);

 private:
  static constexpr std::size_t kMost = 16;
  struct Entry {
    Digest digest;
    Bytes content;
  };
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
};

}  // namespace latchkey::hidkey
