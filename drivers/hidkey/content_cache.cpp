#include "drivers/hidkey/content_cache.h"

#include <algorithm>

namespace latchkey::hidkey {

std::optional<Bytes> ContentCache::find(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, digest, &Entry::digest);
  if (found == entries_.end()) return std::nullopt;
  return found->content;
}

void ContentCache::put(const Digest& digest, const Bytes& content) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.digest == digest; });
  entries_.push_back({digest, content});
  if (entries_.size() > kMost) entries_.pop_front();
}

}  // namespace latchkey::hidkey
