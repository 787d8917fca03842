#include <utility>

#include "agent/app/holder_desk.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

// What the two nodes tell each other, and the leases on their way (docs/protocol-peer.md).
namespace latchkey {
namespace {

constexpr std::chrono::seconds kClaimAgain{1};

}  // namespace

LeaseFigures HolderDesk::figures() const {
  if (!ours()) return {0, holder_.sees_address(), 0, 0, {}, {}};
  const auto& ledger = parts_.ledger;
  return {holder_.strongest().epoch, holder_.sees_address(),
          ledger.longest_ttl(),      ledger.size(),
          ledger.accounts().usage(), ledger.accounts().reserved()};
}

void HolderDesk::hear(const LeaseFigures& theirs) {
  const auto before = holder_.peer_figures();
  holder_.hear(theirs, now());
  look();
  if (holder_.peer_figures() != before) parts_.changed();
}

void HolderDesk::hear(LeaseWord word) {
  std::visit([this](const auto& one) { on(one); }, word);
}

// --- the new holder

/// Also after a restart and whenever the link comes up: the answer may be that nothing is left.
void HolderDesk::claim() {
  if (ours() && holder_.linked()) parts_.say(LeaseClaim{holder_.strongest().epoch});
}

void HolderDesk::on(const LeasePart& part) {
  if (!ours() || part.epoch != holder_.strongest().epoch) return;
  if (const auto taken = taker_.take(part, recovering(), now()); !taken)
    return log::error(log::names::kLeaseHolder,
                      {{"code", taken.error().code}, {"detail", taken.error().message}});
  parts_.changed();
  parts_.journal.answer_when_durable(
      [self = std::weak_ptr(self_),
       part = LeasePart{part.epoch, part.number, part.last, {}, {}}](const net::Response& outcome) {
        if (const auto desk = self.lock()) (*desk)->took(part, outcome.status == 200);
      },
      {});
}

void HolderDesk::took(const LeasePart& part, bool durable) {
  // The other node keeps what this one's disk refuses.
  if (!durable) return again_->set(kClaimAgain, [this] { claim(); });
  parts_.say(LeaseAck{part.epoch, part.number});
  if (!part.last) return;
  holder_.handed_over(part.epoch);
  taker_.forget_released();
  wait_for_recovery();
  parts_.changed();
}

// --- the old one

void HolderDesk::on(const LeaseClaim& claim) {
  claimed_ = claim.epoch;
  give();
}

/// Once the claimer's taking is known here, so that nothing is granted any more; and when what was
/// granted before is durable or undone.
void HolderDesk::give() {
  const LeaseTaking claimer{claimed_, parts_.log.view().peer()};
  if (claimed_ == 0 || holder_.strongest() != claimer) return;
  giver_.begin(std::exchange(claimed_, 0));
  parts_.journal.answer_when_durable(
      [self = std::weak_ptr(self_)](const net::Response&) {
        if (const auto desk = self.lock()) (*desk)->give_next();
      },
      {});
}

void HolderDesk::give_next() {
  if (auto part = giver_.next(now())) parts_.say(*std::move(part));
}

void HolderDesk::on(const LeaseAck& ack) {
  if (!giver_.acknowledged(ack)) return;
  parts_.journal.gathered();
  parts_.changed();
  give_next();
}

}  // namespace latchkey
