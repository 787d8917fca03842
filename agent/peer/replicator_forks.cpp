#include <algorithm>
#include <utility>

#include "agent/peer/replicator.h"

// When two copies of a chain differ (SPEC BUF-10). Whoever writes the chain gives way: its database
// was restored, and what it wrote since is repeated in a new chain. Chains that neither side writes
// are left as they are.
namespace latchkey::peer {

bool Replicator::differs(const std::string& chain, const ChainHead& theirs) const {
  const auto ours = host_.hash_at(chain, theirs.seq);
  return !ours.empty() && ours != theirs.hash;
}

/// Their heads are news: chains that differed may agree now.
void Replicator::note_heads(const ChainHeads& theirs) {
  their_heads_ = theirs;
  std::erase_if(forked_, [&](const std::string& chain) {
    const auto head = their_heads_.find(chain);
    return head == their_heads_.end() || !differs(chain, head->second);
  });
  host_.peer_has(their_heads_);
}

void Replicator::compare_all() {
  const auto own = host_.own_chain();
  for (const auto& [chain, theirs] : their_heads_) {
    if (chain == own && host_.hash_at(chain, theirs.seq) != theirs.hash) {
      start_repair(theirs);
    } else if (differs(chain, theirs)) {
      forked_.insert(chain);
      if (chain != their_chain_) host_.foreign_chain_forked(chain);
    }
  }
}

void Replicator::start_repair(const ChainHead& theirs) {
  repaired_chain_ = host_.own_chain();
  const auto heads = host_.heads();
  const auto ours = heads.find(repaired_chain_);
  search_.emplace(ours == heads.end() ? 0 : std::min(ours->second.seq, theirs.seq));
  ask_next();
}

void Replicator::ask_next() {
  if (!search_->done()) {
    Locate question{repaired_chain_, {}};
    for (const auto seq : search_->points())
      question.points.push_back({seq, host_.hash_at(repaired_chain_, seq)});
    return channel_->send(question);
  }
  const auto common = search_->common();
  search_.reset();
  host_.own_chain_forked(repaired_chain_, common,
                         [weak = weak_from_this()](const Result<void>& result) {
                           if (const auto self = weak.lock()) self->repair_done(result);
                         });
}

void Replicator::on(const Locate& message) {
  Located answer{message.chain, 0};
  for (const auto& point : message.points)
    if (host_.hash_at(message.chain, point.seq) == point.hash) answer.seq = point.seq;
  channel_->send(answer);
}

void Replicator::on(const Located& message) {
  const bool asked = search_ && message.chain == repaired_chain_;
  // 0 means none of these points, which after the first round is what we know already.
  const auto shared = asked && message.seq == 0 ? search_->common() : message.seq;
  if (!asked || !search_->narrow(shared))
    return refuse({"message-unexpected", "the peer answered what was not asked",
                   "check that both nodes run the same version of the agent"});
  ask_next();
}

void Replicator::repair_done(const Result<void>& result) {
  if (closed_) return;
  if (!result) return refuse(result.error());
  repaired_chain_.clear();
  channel_->send(Ack{0, host_.heads()});
  if (held_) take_in(std::exchange(held_, std::nullopt).value());
  pump();
}

}  // namespace latchkey::peer
