#include "core/license/trust_chain.h"

#include <algorithm>

#include "core/base/sha256.h"

namespace latchkey {
namespace {
constexpr std::string_view kStranger = "untrusted-signer";
}  // namespace

Result<void> TrustChain::offer(ByteView envelope) {
  auto outcome = accept(envelope);
  if (outcome) {
    retry();
  } else if (outcome.error().code == kStranger) {
    waiting_.emplace_back(envelope.begin(), envelope.end());
    if (waiting_.size() > kMaxWaiting) waiting_.pop_front();
  }
  return outcome;
}

bool TrustChain::awaits(ByteView envelope) const {
  return std::ranges::any_of(waiting_,
                             [&](const Bytes& one) { return std::ranges::equal(one, envelope); });
}

Result<void> TrustChain::accept(ByteView envelope) {
  LK_CHECK(trust_.accept(envelope));
  in_force_ = content_hash(envelope);
  return {};
}

void TrustChain::retry() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto outcome = accept(*it);
    if (!outcome && outcome.error().code == kStranger) {
      ++it;
      continue;
    }
    it = waiting_.erase(it);
    if (outcome) it = waiting_.begin();  // its roots may have signed an earlier one
  }
}

}  // namespace latchkey
