#include "core/pool/lease_holder.h"

#include <algorithm>
#include <utility>

#include "core/deployment/fact.h"

namespace latchkey {

bool outranks(const LeaseTaking& a, const LeaseTaking& b) {
  if (a.epoch != b.epoch) return a.epoch > b.epoch;
  if (a.node.empty() || b.node.empty()) return b.node.empty() && !a.node.empty();
  return a.node < b.node;
}

// --- what it is told

void LeaseHolder::set_peer(std::string node, Second now) {
  if (node == peer_) return;
  peer_ = std::move(node);
  if (!linked_) clear_from_ = now + kLeaseDoubt;
  peer_sees_ = heard_ = false;
  figures_ = {};
}

void LeaseHolder::learn(const LeaseTaking& taking, Second now) {
  const bool fresh = taking.node == self_ && taking.epoch == pending_;
  if (fresh) pending_ = 0;
  if (!outranks(taking, strongest_)) return;
  const auto before = std::exchange(strongest_, taking);
  if (taking.node != self_) return recovery_.reset();
  gained_ = false;
  // What was taken before this run, or while the other node was not heard, that one may have taken
  // as well.
  const bool others = before.epoch != 0 && before.node != self_;
  if (others || (paired() && (!fresh || !linked_))) recover(now);
}

/// As long as a lease may live that the other node granted or renewed, which it may have done until
/// it noticed; but the seconds of a long TTL would be a standstill.
void LeaseHolder::recover(Second now) {
  const auto longest = std::max(own_ttl_, peer_ttl_);
  recovery_ =
      now + (heard_ && longest != 0 ? std::min(longest + kLeaseDoubt, kMaxRecovery) : kMaxRecovery);
}

void LeaseHolder::set_linked(bool linked, Second now) {
  if (!linked && paired()) clear_from_ = now + kLeaseDoubt;
  linked_ = linked;
}

/// Where it was meanwhile cannot be seen without a link.
void LeaseHolder::set_address_seen(bool seen) {
  if (seen && !sees_) gained_ = strongest_.node != self_ || (paired() && !linked_);
  sees_ = seen;
}

void LeaseHolder::hear(const LeaseFigures& peer, Second now) {
  heard_ = true;
  peer_sees_ = peer.sees_address;
  if (peer.epoch == 0) return;
  peer_ttl_ = std::max(peer_ttl_, peer.longest_ttl);
  if (peer.epoch >= figures_.epoch) figures_ = peer;
  learn({peer.epoch, peer_}, now);
}

void LeaseHolder::handed_over(std::uint32_t epoch) {
  if (strongest_ == LeaseTaking{epoch, self_}) recovery_.reset();
}

// --- what follows

/// A node that left the deployment holds nothing any more; of a taking that only a token tells of
/// no fact is left, as far as can be seen.
bool LeaseHolder::gone(const LeaseTaking& taking) const {
  return taking.epoch == 0 || (taking.node.empty() ? peer_.empty() || linked_
                                                   : taking.node != self_ && taking.node != peer_);
}

LeaseHolder::Whose LeaseHolder::whose() const {
  if (gone(strongest_)) return Whose::nobody;
  if (strongest_.node != self_) return Whose::theirs;
  const bool hidden = watches_ && paired() && !linked_ && !sees_;
  return hidden ? Whose::in_doubt : Whose::ours;
}

const std::string& LeaseHolder::holder() const {
  return whose() == Whose::in_doubt || strongest_.node.empty() ? peer_ : strongest_.node;
}

/// When both see the address and each other, the one that it came to last has it; else two nodes
/// would take turns for ever.
bool LeaseHolder::should_take() const {
  if (!sees_ || pending_ != 0) return false;
  if (strongest_.node == self_) return gained_;
  if (strongest_.epoch == 0 && !paired()) return false;
  return gained_ || !linked_ || !peer_sees_;
}

bool LeaseHolder::may_be_first() const {
  if (whose() != Whose::nobody) return false;
  return !paired() || (watches_ ? sees_ : linked_);
}

std::optional<std::uint32_t> LeaseHolder::take() {
  if (pending_ != 0 || strongest_.epoch >= kMaxEpoch) return std::nullopt;
  gained_ = false;
  pending_ = strongest_.epoch + 1;
  return pending_;
}

std::optional<LeaseHolder::Second> LeaseHolder::recovering(Second now) const {
  return recovery_ && *recovery_ > now ? recovery_ : std::nullopt;
}

}  // namespace latchkey
