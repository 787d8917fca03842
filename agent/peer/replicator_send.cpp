#include <limits>

#include "agent/peer/replicator.h"

// Our facts on their way to the peer: one batch, its acknowledgement, the next.
namespace latchkey::peer {
namespace {

/// Leaves room for the heads, which travel in the same frame.
constexpr std::size_t kBatchLimit = kFrameLimit - kHeadsLimit * 128;

/// Roughly the bytes of its message from above: quotes in a fact are escaped, base64 makes four
/// bytes of three.
std::size_t size_bound(const Batch& batch) {
  std::size_t bytes = 0;
  for (const auto& fact : batch.facts) bytes += 2 * fact.text.size();
  for (const auto& document : batch.documents) bytes += document.envelope.size() / 2 * 3;
  return bytes;
}

}  // namespace

ChainHeads Replicator::what_they_need() const {
  auto theirs = their_heads_;
  for (const auto& chain : forked_) theirs[chain] = {std::numeric_limits<std::uint64_t>::max(), {}};
  return theirs;
}

void Replicator::pump() {
  if (closed_ || !greeted_ || in_flight_ || !repaired_chain_.empty()) return;
  if (!send_batch(what_they_need())) say_synced();
}

/// False: they have everything.
bool Replicator::send_batch(const ChainHeads& theirs) {
  auto batch = host_.facts_after(theirs, kFactsPerBatch);
  while (size_bound(batch) > kBatchLimit && batch.facts.size() > 1)
    batch = host_.facts_after(theirs, batch.facts.size() / 2);
  if (batch.empty()) return false;
  const auto text = encode(Facts{sent_ + 1, host_.heads(), std::move(batch)});
  if (text.size() <= kFrameLimit) {
    ++sent_;
    in_flight_ = their_heads_;
    channel_->send_text(text);
  } else {
    broken({"fact-too-large", "A fact and its documents do not fit one message.",
            "Report this: no agent should have written it."});
  }
  return true;
}

void Replicator::say_synced() {
  // What the peer repairs it gets afterwards.
  if (said_synced_ || forked_.contains(their_chain_)) return;
  said_synced_ = true;
  channel_->send(Synced{});
  check_up();
}

}  // namespace latchkey::peer
