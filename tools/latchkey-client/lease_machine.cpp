#include "tools/latchkey-client/lease_machine.h"

#include <algorithm>
#include <utility>

namespace latchkey::client {
namespace {

using std::chrono::seconds;

constexpr Instant kFirstWait{250}, kShortestCap{1000}, kLongestCap{30'000};
constexpr int kNoRoom = 409;
constexpr unsigned kMaxDoublings = 16;
/// Confirmations come up to this part of their span early.
constexpr double kJitter = 0.2;

Instant scaled(Instant span, double factor) {
  return Instant(static_cast<Instant::rep>(static_cast<double>(span.count()) * factor));
}

}  // namespace

const char* to_string(State state) {
  switch (state) {
    case State::connecting:
      return "connecting";
    case State::connected:
      return "connected";
    case State::holding:
      return "holding";
    case State::refused:
      return "refused";
    case State::at_risk:
      return "at-risk";
    case State::lost:
      return "lost";
    case State::released:
      return "released";
  }
  return "";
}

LeaseMachine::LeaseMachine(Settings settings, Random random)
    : settings_(settings), random_(std::move(random)) {}

void LeaseMachine::want(Usage usage) {
  usage_ = std::move(usage);
  wanted_ = true;
  ++stated_;
  restate_ = restore_ = false;
}

/// Whoever closes waits for that: no back-off stands in the way.
void LeaseMachine::release() {
  releasing_ = true;
  gate_ = Instant(0);
  if (!wanted_) finished_ = released_ = true;
}

// --- what to do

LeaseMachine::Purpose LeaseMachine::purpose(Instant now) const {
  if (releasing_) return Purpose::release;
  if (restore_) return Purpose::restore;
  if (pending() || (refusal_ && now >= retry_at_)) return Purpose::desired;
  return Purpose::heartbeat;
}

Instant LeaseMachine::due() const {
  if (releasing_ || restore_ || pending()) return gate_;
  auto at = lease_ ? beat_at_ : kForever;
  if (refusal_) at = std::min(at, retry_at_);
  return std::max(at, gate_);
}

Action LeaseMachine::next(Instant now) {
  if (finished_) return Finished{};
  if (!wanted_) return Wait{kForever};
  const auto at = due();
  if (at > now) {
    // The state changes by itself when the lease may have ended.
    const bool held = lease_ && lease_->end > now;
    return Wait{held ? std::min(at, lease_->end) : at};
  }
  asked_ = purpose(now);
  auto request = ask(asked_);
  asked_number_ = stated_;
  asked_usage_ = request.usage;
  return request;
}

Ask LeaseMachine::ask(Purpose purpose) const {
  Ask request{.address = address_};
  switch (purpose) {
    case Purpose::desired:
      request.usage = usage_;
      break;
    case Purpose::restore:
      request.usage = lease_->usage;
      break;
    case Purpose::heartbeat:
      request.kind = Ask::Kind::heartbeat;
      break;
    case Purpose::release:
      request.kind = Ask::Kind::release;
      return request;
  }
  // Only where the lease may be unknown: a token costs more to check than the rest.
  if (lease_ && (fresh_ || restate_ || restore_)) request.token = lease_->token;
  return request;
}

// --- what came of it

void LeaseMachine::answered(const Answer& answer, Instant sent, Instant now) {
  std::visit([&](const auto& outcome) { take(outcome, sent, now); }, answer);
}

void LeaseMachine::take(const Granted& granted, Instant sent, Instant now) {
  tried_ = round_ = 0;
  gate_ = Instant(0);
  fresh_ = false;
  trouble_.reset();
  if (asked_ == Purpose::release) {
    finished_ = released_ = true;
    return;
  }
  if (!lease_) lease_.emplace(Lease{{}, {}, {}, settings_.ttl_s});
  if (asked_ == Purpose::desired) {
    answered_ = asked_number_;
    refusal_.reset();
  }
  if (asked_ != Purpose::heartbeat) lease_->usage = asked_usage_;
  restate_ = restore_ = lost_ = false;
  if (granted.ttl_s != 0) lease_->ttl_s = granted.ttl_s;
  if (!granted.token.empty()) lease_->token = granted.token;
  lease_->end = sent + ttl();
  beat_at_ = now + early(ttl() / 3);
}

/// It ended there, or that node never knew it: it comes back if there is room.
void LeaseMachine::take(const LeaseUnknown&, Instant sent, Instant now) {
  if (asked_ == Purpose::desired || asked_ == Purpose::restore)
    return take(Failed{{"bad-answer", "The server does not know what was just stated.",
                        "Check that the address is the one of a Latchkey agent.", std::nullopt}},
                sent, now);
  tried_ = round_ = 0;
  fresh_ = false;
  if (asked_ == Purpose::release) {
    finished_ = released_ = true;
    return;
  }
  if (lease_) lease_->end = std::min(lease_->end, now);
  // Of a refused statement only what was granted before can be had back.
  (refusal_ && lease_ ? restore_ : restate_) = true;
}

void LeaseMachine::take(const NotHolder&, Instant, Instant now) {
  trouble_ = Problem{"not-holder", "Another node of the deployment keeps the leases.",
                     "Name all its addresses, or the virtual one.", std::nullopt};
  move_on(now);
}

void LeaseMachine::take(const Failed& failed, Instant, Instant now) {
  trouble_ = failed.why;
  move_on(now);
}

void LeaseMachine::take(const Busy& busy, Instant, Instant now) {
  trouble_ = busy.why;
  // Later, never earlier: all who were told the same must not come back at once.
  gate_ = now + scaled(busy.wait, 1 + random_() / 4);
}

void LeaseMachine::take(const Refused& refused, Instant, Instant now) {
  tried_ = round_ = 0;
  fresh_ = false;
  trouble_ = refused.why;
  if (refused.why.code == "token-invalid" && lease_ && !lease_->token.empty()) {
    lease_->token.clear();  // of another deployment; the same again, without it
    return;
  }
  switch (asked_) {
    case Purpose::release:
      finished_ = true;
      return;
    case Purpose::desired:
      answered_ = asked_number_;
      // What it was to replace is known to be gone.
      if (std::exchange(restate_, false)) lose();
      return refuse_usage(refused.why, now);
    case Purpose::restore:
      lose();
      return refuse_usage(refused.why, now);
    case Purpose::heartbeat:
      break;
  }
  // With a token a heartbeat is a statement where the lease is unknown.
  if (refused.status == kNoRoom) {
    lose();
    return refuse_usage(refused.why, now);
  }
  beat_at_ = now + early(ttl() / 3);
}

/// The capacity that is missing may be free later, and rights may be given.
void LeaseMachine::refuse_usage(const Problem& why, Instant now) {
  refusal_ = why;
  retry_at_ = now + early(ttl());
}

void LeaseMachine::lose() {
  lease_.reset();
  restate_ = restore_ = false;
  lost_ = true;
}

/// To the next address; when each had its turn, a wait first.
void LeaseMachine::move_on(Instant now) {
  address_ = (address_ + 1) % settings_.addresses;
  fresh_ = true;
  if (++tried_ < settings_.addresses) return;
  tried_ = 0;
  const auto most = std::clamp(ttl() / 3, kShortestCap, kLongestCap);
  const auto span = std::min(most, kFirstWait * (1 << std::min(round_, kMaxDoublings)));
  ++round_;
  gate_ = now + scaled(span, random_());
}

Instant LeaseMachine::ttl() const { return seconds(lease_ ? lease_->ttl_s : settings_.ttl_s); }

Instant LeaseMachine::early(Instant span) { return scaled(span, 1 - kJitter * random_()); }

// --- what the application is told

LeaseStatus LeaseMachine::status(Instant now) const {
  LeaseStatus status{.address = address_};
  status.settled = wanted_ && !pending() && !restore_;
  status.problem = trouble_ ? trouble_ : refusal_;
  if (released_) {
    status.state = State::released;
    status.problem.reset();
  } else if (lease_) {
    status.held = lease_->usage;
    status.end = lease_->end;
    const auto good = lease_->usage.empty() ? State::connected : State::holding;
    status.state = now >= lease_->end ? State::at_risk : refusal_ ? State::refused : good;
  } else if (lost_ || refusal_) {
    status.state = lost_ ? State::lost : State::refused;
  }
  return status;
}

}  // namespace latchkey::client
