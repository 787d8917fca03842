#include "agent/app/rate_limit.h"

#include <algorithm>

namespace latchkey {
namespace {

constexpr std::size_t kMaxNames = 4096;

}  // namespace

std::chrono::seconds RateLimit::take(const std::string& name, Instant now) {
  if (full_at_.size() >= kMaxNames)
    std::erase_if(full_at_, [now](const auto& entry) { return entry.second <= now; });
  // Still full: so many at once is an attack, and who is not in the table waits with the rest.
  if (full_at_.size() >= kMaxNames && full_at_.count(name) == 0) return interval_;
  auto& full_at = full_at_.try_emplace(name, now).first->second;
  const auto then = std::max(full_at, now) + interval_;
  const auto excess = then - now - burst_ * interval_;
  if (excess > Instant::duration::zero()) return std::chrono::ceil<std::chrono::seconds>(excess);
  full_at = then;
  return std::chrono::seconds(0);
}

void RateLimit::give_back(const std::string& name) {
  const auto found = full_at_.find(name);
  if (found != full_at_.end()) found->second -= interval_;
}

}  // namespace latchkey
