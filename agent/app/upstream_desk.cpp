#include "agent/app/upstream_desk.h"

#include <algorithm>
#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

namespace names = log::names;

constexpr std::uint32_t kLongestInterval = 15;  // seconds
constexpr unsigned kFailuresUntilLost = 2;
constexpr std::chrono::milliseconds kFirstRest{500}, kLongestRest{15'000};
/// Facts that only say that the grace goes on are written when a quarter of it has passed.
constexpr std::uint32_t kRenewAfter = 4;
constexpr int kConflict = 409;
constexpr std::string_view kExhausted = "capacity-exhausted";
constexpr std::chrono::milliseconds kGather{100};

std::uint64_t of(const Quantities& quantities, const PoolId& id) {
  const auto found = quantities.find(id);
  return found == quantities.end() ? 0 : found->second;
}

/// Of each pool the smaller quantity.
Quantities common(const Quantities& a, const Quantities& b) {
  Quantities both;
  for (const auto& [id, quantity] : a)
    if (const auto least = std::min(quantity, of(b, id)); least > 0) both.emplace(id, least);
  return both;
}

bool same_pools(const SiteGrant& a, const SiteGrant& b) {
  return std::ranges::equal(a.pools, b.pools, [](const auto& one, const auto& other) {
    return one.first == other.first && one.second.kind == other.second.kind &&
           one.second.until == other.second.until;
  });
}

}  // namespace

UpstreamDesk::UpstreamDesk(Parts parts)
    : parts_(std::move(parts)),
      consumers_(
          parts_.leases,
          {[this] { return bool(state_.connected); }, [this] { return can_draw() && !state_.lost; },
           [this] { parts_.reactor.post([this] { step(); }); }, [this] { nudge(); }}),
      line_(parts_.ask),
      joining_line_(parts_.ask),
      farewell_(parts_.ask),
      plan_(parts_.rules),
      wake_(parts_.reactor.alarm()),
      nudge_(parts_.reactor.alarm()) {
  look();
}

void UpstreamDesk::look() {
  const auto& log = parts_.log.facts();
  const auto is_ours = [](const FactLog::Entry& entry) {
    return std::holds_alternative<UpstreamFact>(entry.stored.fact.body);
  };
  if (std::ranges::none_of(log.news(seen_), is_ours)) return;
  UpstreamFold fold;
  for (const auto* fact : log.about<UpstreamFact>())
    fold.apply(fact->at, std::get<UpstreamFact>(fact->body));
  const auto before = std::exchange(state_, fold.state()).connected;
  capacity_ = {upstream_license(state_), state_.good_until, state_.lost.has_value()};
  if (before != state_.connected) use_line();
}

std::optional<UpstreamTrouble> UpstreamDesk::trouble() const {
  if (!state_.lost) return std::nullopt;
  return UpstreamTrouble{state_.lost->since, state_.good_until, state_.lost->why};
}

void UpstreamDesk::published() { step(); }

void UpstreamDesk::stop() {
  line_.cancel();
  joining_line_.cancel();
  farewell_.cancel();
  wake_->cancel();
  nudge_->cancel();
}

// --- the course of drawing

bool UpstreamDesk::can_draw() const { return state_.connected && parts_.draws(); }

/// What is to be done next; called whenever something may have changed.
void UpstreamDesk::step() {
  if (asking_ || telling_ || resting_) return;
  if (!can_draw()) {
    stated_.reset();
    if (consumers_.anybody_waits()) consumers_.settle();
    return wake_->cancel();
  }
  auto wanted = target();
  // What goes back must not be counted here any more when the upstream gives it to others.
  if (const auto kept = common(state_.held, wanted); state_.grant && kept != state_.held)
    return tell(UpstreamHeld{state_.sealed, kept, left()});
  if (stated_ != wanted || now() >= next_ask_) return ask(std::move(wanted));
  if (consumers_.anybody_waits()) consumers_.settle();
  wait();
}

/// Consumers changed what they use: many at a time.
void UpstreamDesk::nudge() {
  if (std::exchange(nudged_, true)) return;
  nudge_->set(kGather, [this] {
    nudged_ = false;
    step();
  });
}

void UpstreamDesk::wait() {
  auto second = next_ask_;
  if (const auto change = plan_.next_change()) second = std::min(second, *change);
  const auto passed = now();
  wake_->set(std::chrono::seconds(second > passed ? second - passed : 1), [this] { step(); });
}

void UpstreamDesk::rest(std::chrono::milliseconds time) {
  resting_ = true;
  wake_->set(time, [this] {
    resting_ = false;
    next_ask_ = 0;
    step();
  });
}

/// While the upstream is lost, what is held stays as it is.
Quantities UpstreamDesk::target() {
  if (state_.lost || !state_.grant) return state_.held;
  auto wanted = plan_.target(needs(), state_.held, now());
  for (auto at = wanted.begin(); wanted.size() > kMaxLeaseItems && at != wanted.end();)
    at = of(state_.held, at->first) == 0 ? wanted.erase(at) : std::next(at);
  return wanted;
}

/// By the pools that the upstream has. What draws on another pool here, and is not to be had there,
/// is that pool's need (SPEC LIC-12).
PoolNeeds UpstreamDesk::needs() {
  const auto& granted = state_.grant->pools;
  const auto& pools = parts_.leases.capacity().pools;
  const auto waiting = consumers_.waiting();
  PoolNeeds needs;
  for (const auto& [id, pool] : pools) {
    const bool direct = granted.count(id) != 0;
    const PoolId source{pool.draws_on, id.unit};
    if (!direct && granted.count(source) == 0) continue;
    auto& need = needs[direct ? id : source];
    need.waiting += of(waiting, id);
    need.used += direct ? pool.used + pool.lent + pool.reserved : pool.over;
    const auto all = pool.total + pool.tolerance;
    if (direct) need.own = all - std::min(all, of(state_.held, id));
  }
  return needs;
}

void UpstreamDesk::ask(Quantities usage) {
  asking_ = true;
  nonce_ = nonce();
  const auto sent = now();
  line_.ask(draw_request(usage, nonce_),
            [this, usage, sent](const Outcome& outcome) { answered(usage, sent, outcome); });
}

void UpstreamDesk::answered(Quantities usage, std::uint32_t sent, const Outcome& outcome) {
  asking_ = false;
  if (!outcome) return refused(usage, outcome.error());
  const auto answer = read_draw_answer(*outcome);
  if (!answer) return failed({answer.error(), 0, {}, {}});
  const auto& upstream = *state_.connected;
  const auto grant = check_grant(answer->grant, upstream.key, site_consumer(upstream.identity),
                                 nonce_, parts_.identity.deployment_id());
  if (!grant) return failed({grant.error(), 0, {}, {}});
  token_ = answer->token;
  granted(std::move(usage), sent, *grant, answer->grant);
}

void UpstreamDesk::granted(Quantities usage, std::uint32_t sent, const SiteGrant& grant,
                           const std::string& sealed) {
  failures_ = 0;
  problem_.reset();
  answered_ = {sent, grant.grace_s};
  stated_ = usage;
  next_ask_ = now() + interval();
  for (auto& [id, quantity] : usage) {
    const auto pool = grant.pools.find(id);
    quantity = pool == grant.pools.end() ? 0 : std::min(quantity, pool->second.quantity);
  }
  std::erase_if(usage, [](const auto& one) { return one.second == 0; });
  const auto renew = std::chrono::seconds(grant.grace_s - grant.grace_s / kRenewAfter);
  const bool news = state_.lost || !state_.grant || usage != state_.held ||
                    grant.chain != state_.grant->chain || !same_pools(grant, *state_.grant) ||
                    state_.good_until < parts_.clock.now() + renew;
  if (state_.lost) log::info(names::kUpstreamFound, {{"server", line_.server()}});
  if (news) return tell(UpstreamHeld{sealed, std::move(usage), left()});
  step();
}

/// There is not as much as was asked for: that is no failure, what there is will do.
void UpstreamDesk::refused(const Quantities& usage, const UpstreamRefusal& refusal) {
  if (refusal.status != kConflict) return failed(refusal);
  const auto left = refusal.error.code == kExhausted ? refusal.left : std::nullopt;
  bool greedy = false;
  for (const auto& [id, quantity] : usage) {
    const auto has = of(state_.held, id);
    if (quantity <= has || (left && left->first != id)) continue;
    plan_.refused(id, left ? std::min(has + left->second, quantity - 1) : has, now());
    greedy = true;
  }
  if (!greedy && left) return shrink(refusal);
  if (!greedy) return failed(refusal);
  problem_ = refusal.error;
  step();
}

/// What was held is not there any more: it was given to others after the grace, or released by
/// force. What is left of it is taken; consumers here keep what they use (SPEC POOL-6).
void UpstreamDesk::shrink(const UpstreamRefusal& refusal) {
  auto kept = state_.held;
  const auto pool = kept.find(refusal.left->first);
  if (pool == kept.end() || pool->second <= refusal.left->second) return failed(refusal);
  pool->second = refusal.left->second;
  if (pool->second == 0) kept.erase(pool);
  stated_.reset();
  tell(UpstreamHeld{state_.sealed, std::move(kept), left()});
}

void UpstreamDesk::failed(const UpstreamRefusal& refusal) {
  ++failures_;
  problem_ = refusal.error;
  stated_.reset();
  const bool certain = refusal.status >= 400 && refusal.status < 500;
  if (certain) token_.clear();  // it may be what is wrong
  const auto grown = kFirstRest * (1U << std::min(failures_, 6U));
  const auto longest = std::min(grown, kLongestRest);
  rest(refusal.retry_after.value_or(std::chrono::seconds(0)) +
       std::chrono::milliseconds(
           static_cast<std::int64_t>(static_cast<double>(longest.count()) * (0.5 + chance() / 2))));
  if (consumers_.anybody_waits()) consumers_.settle();
  if (state_.lost || telling_ || (failures_ < kFailuresUntilLost && !certain)) return;
  log::warning(names::kUpstreamLost, {{"server", line_.server()},
                                      {"code", refusal.error.code},
                                      {"detail", refusal.error.message}});
  const auto& why = refusal.error;
  tell(UpstreamLost{why.code, why.message, why.cure, left()});
}

void UpstreamDesk::tell(UpstreamFact fact) {
  telling_ = true;
  parts_.log.witness([&](Witness& w, Time at) { w.upstream(at, std::move(fact)); });
  parts_.log.when_durable([this] {
    telling_ = false;
    step();
  });
}

/// Seconds that what is held still counts without another word, rounded down.
std::uint32_t UpstreamDesk::left() const {
  if (answered_) {
    const auto passed = now() - answered_->first + 1;
    return answered_->second - std::min(answered_->second, passed);
  }
  const auto left =
      std::chrono::floor<std::chrono::seconds>(state_.good_until - parts_.clock.now());
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left.count(), 0, kMaxTtl));
}

std::uint32_t UpstreamDesk::interval() const {
  const auto grace = answered_ ? answered_->second : 0;
  const auto longest = std::clamp<std::uint32_t>(grace / 6, 1, kLongestInterval);
  return std::max<std::uint32_t>(
      1, longest - static_cast<std::uint32_t>(static_cast<double>(longest) * chance() / 5));
}

/// 0 to 1; without randomness nothing breaks but that many sites may come at once.
double UpstreamDesk::chance() const {
  std::uint8_t byte = 0;
  parts_.random({&byte, 1});
  return byte / 255.0;
}

}  // namespace latchkey
