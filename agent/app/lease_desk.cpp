#include "agent/app/lease_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/answer.h"
#include "agent/app/lease_answer.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/base/big_endian.h"

namespace latchkey {
namespace {

/// How far the published figures may lag behind the leases.
constexpr std::chrono::milliseconds kRefresh{100};
/// Leases that are ended in one turn of the reactor.
constexpr std::size_t kEndedAtOnce = 2000;
/// Versions per millisecond: a ledger that lost its journal counts on above what it gave before,
/// and every version says when its state was granted, on whichever node.
constexpr std::uint64_t kVersionsPerMs = 1024;

Error unknown(const std::string& consumer) {
  return {"lease-unknown", "No lease of " + consumer + " is known here.",
          "State the usage: PUT /v1/consumers/" + consumer + "/usage."};
}

Error not_owner(const std::string& consumer) {
  return {"not-owner", consumer + " was connected by somebody else.",
          "Choose another consumer id, or let an administrator release it."};
}

/// Short, and the same after a restart.
std::uint64_t hash_of(const std::string& request) {
  if (request.empty()) return 0;
  const auto hash = sha256(as_bytes(request));
  return std::uint64_t{get_u32(hash, 0)} << 32 | get_u32(hash, 4);
}

bool any_owner(const net::Caller& caller) { return caller.rights.has(Right::administer); }

}  // namespace

LeaseDesk::LeaseDesk(Parts parts, LoadedLeases loaded)
    : parts_(std::move(parts)),
      ledger_(std::move(loaded.ledger)),
      journal_(parts_.reactor, parts_.store, *ledger_, loaded, [this] { note_change(); }),
      holder_({parts_.reactor, parts_.log, *ledger_, journal_, parts_.identity.node_id(),
               parts_.vip, parts_.boot_seconds, [this] { return next_version(); }, parts_.names,
               parts_.say, parts_.beat, [this] { note_change(); }}),
      policy_([this](const std::string& object) { return denial(object); }),
      expiry_(parts_.reactor.alarm()),
      refresh_(parts_.reactor.alarm()) {
  ledger_->count_from(next_version());
  ledger_->loaded(now());
  wait_for_expiry();
}

std::uint64_t LeaseDesk::next_version() const {
  const auto since = parts_.clock.now().time_since_epoch().count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0)) * kVersionsPerMs;
}

// --- what consumers ask

void LeaseDesk::state_usage(const net::Caller& caller, const std::string& consumer,
                            const UsageStatement& statement, net::Done done) {
  if (auto wrong = check(statement)) return done(error_answer(*wrong));
  std::optional<Lease> before;
  if (!statement.token.empty()) {
    auto opened = open_token(caller, consumer, statement.token);
    if (!opened) return done(error_answer(opened.error()));
    before = *std::move(opened);
  }
  if (auto elsewhere = holder_.misdirected()) return done(*std::move(elsewhere));
  if (holder_.nobody())
    return serve_first([this, caller, consumer, statement,
                        done] { state_usage(caller, consumer, statement, done); },
                       done);
  if (before)
    if (auto refused = adopt(*before)) return done(*std::move(refused));
  put({consumer, caller.id, any_owner(caller), statement.usage, statement.ttl_s,
       hash_of(statement.request)},
      std::move(done));
}

std::optional<Error> LeaseDesk::check(const UsageStatement& statement) const {
  const auto least = parts_.least_ttl.count();
  if (statement.ttl_s >= least) return std::nullopt;
  return Error{"bad-request", "ttl_s is less than " + std::to_string(least) + ".",
               "Ask for " + std::to_string(least) + " to " + std::to_string(kMaxTtl) +
                   " seconds (leases.least_ttl_s)."};
}

void LeaseDesk::put(const LeaseRequest& request, net::Done done) {
  end_expired();
  ledger_->count_from(next_version());
  const auto outcome = ledger_->put(request, now(), policy_);
  if (!outcome) return done(refused(outcome.error()));
  if (*outcome) note_change();
  journal_.answer_when_durable(std::move(done), granted(ledger_->find(request.consumer)));
}

void LeaseDesk::heartbeat(const net::Caller& caller, const std::string& consumer,
                          const std::string& token, net::Done done) {
  if (!token.empty()) return heartbeat_with_token(caller, consumer, token, std::move(done));
  if (auto elsewhere = holder_.misdirected()) return done(*std::move(elsewhere));
  end_expired();
  const auto slot = ledger_->find(consumer);
  if (slot == LeaseTable::kNone) return done(lacking(unknown(consumer)));
  if (!may_touch(caller, slot)) return done(error_answer(not_owner(consumer)));
  ledger_->heartbeat(consumer, now());
  done(heartbeat_answer(*ledger_, slot, expires(slot)));
}

/// A lease that was lost here, or has ended, comes back if there still is room for it.
void LeaseDesk::heartbeat_with_token(const net::Caller& caller, const std::string& consumer,
                                     const std::string& token, net::Done done) {
  const auto lost = open_token(caller, consumer, token);
  if (!lost) return done(error_answer(lost.error()));
  if (auto elsewhere = holder_.misdirected()) return done(*std::move(elsewhere));
  if (holder_.nobody())
    return serve_first(
        [this, caller, consumer, token, done] { heartbeat(caller, consumer, token, done); }, done);
  end_expired();
  const auto slot = ledger_->find(consumer);
  if (slot != LeaseTable::kNone && ledger_->version(slot) >= lost->version)
    return heartbeat(caller, consumer, {}, std::move(done));
  if (auto refused = adopt(*lost)) return done(*std::move(refused));
  put({consumer, lost->owner, any_owner(caller), lost->usage, lost->ttl_s, lost->request},
      std::move(done));
}

void LeaseDesk::release(const net::Caller& caller, const std::string& consumer, net::Done done) {
  if (auto elsewhere = holder_.looks_elsewhere()) return done(*std::move(elsewhere));
  const auto slot = ledger_->find(consumer);
  if (slot == LeaseTable::kNone) return done(lacking(unknown(consumer)));
  if (!may_touch(caller, slot)) return done(error_answer(not_owner(consumer)));
  holder_.released(slot);
  ledger_->release(consumer);
  note_change();
  journal_.answer_when_durable(std::move(done), json_answer({{"consumer", consumer}}));
}

bool LeaseDesk::may_touch(const net::Caller& caller, Slot slot) const {
  return any_owner(caller) || ledger_->owner(slot) == caller.id;
}

// --- deciding and answering

/// SPEC QUOTA-2, QUOTA-3: what is denied as `create` is denied here.
std::optional<Error> LeaseDesk::denial(const std::string& object) {
  if (auto denied = holder_.growth_denied()) return denied;
  if (capacity_stale_ && capacity_.over_quota) {
    denials_.clear();  // what was given back may have ended it
    capacity();
  }
  const auto known = denials_.find(object);
  if (known != denials_.end()) return known->second;
  const auto& view = parts_.publisher.view();
  const Standing standing{view.decision, view.entitlements, capacity_, parts_.catalog};
  // Of names that nobody licensed there are as many as anybody likes to ask for.
  if (denials_.size() > kMaxPools) denials_.clear();
  return denials_.emplace(object, latchkey::denial(standing, Operation::create, object))
      .first->second;
}

net::Response LeaseDesk::granted(Slot slot) {
  return lease_answer(*ledger_, slot, expires(slot), seal().seal(*ledger_, slot));
}

net::Response LeaseDesk::refused(const LeaseRefusal& refusal) const {
  const auto status = http_status(refusal.error);
  if (!refusal.pool) return with_wait(net::problem(status, refusal.error));
  return net::problem(status, refusal.error,
                      {{"pool", figures_json(ledger_->accounts(), *refusal.pool)}});
}

/// Of the deployment that this node is of now: pairing may change it.
LeaseSeal& LeaseDesk::seal() {
  if (!seal_ || sealed_for_ != parts_.identity.deployment_id()) {
    sealed_for_ = parts_.identity.deployment_id();
    const auto secret = parts_.identity.deployment_key().derive(kLeaseSeal);
    seal_ = std::make_unique<LeaseSeal>(secret ? ByteView(*secret) : ByteView(), sealed_for_);
  }
  return *seal_;
}

Time LeaseDesk::expires(Slot slot) const {
  const std::chrono::seconds left(ledger_->expires(slot) - now());
  return std::chrono::floor<std::chrono::seconds>(parts_.clock.now()) + left;
}

LeaseTimes LeaseDesk::times(Slot slot) const {
  const auto ends = expires(slot);
  // More than one grant in a microsecond, or a repaired clock, and a version is ahead of the time.
  const Time granted(Duration(ledger_->version(slot).number / kVersionsPerMs));
  std::optional<Time> heard;
  if (ledger_->heard(slot)) heard = ends - std::chrono::seconds(ledger_->ttl(slot));
  return {ends, std::min(granted, parts_.clock.now()), heard};
}

const Capacity& LeaseDesk::capacity() {
  if (!std::exchange(capacity_stale_, false)) return capacity_;
  const auto now = used();
  capacity_ = latchkey::capacity(parts_.publisher.view().entitlements, now.usage, parts_.catalog,
                                 now.reserved);
  return capacity_;
}

Quantities LeaseDesk::held_by(const std::string& consumer) const {
  Quantities held;
  const auto slot = ledger_->find(consumer);
  if (slot == LeaseTable::kNone) return held;
  for (const auto& item : ledger_->lease(slot).usage) held.emplace(item.pool, item.quantity);
  return held;
}

// --- time

/// SPEC POOL-4.
void LeaseDesk::end_expired() {
  const auto second = now();
  const auto due = next_end();
  if (!due || *due > second) return;
  const auto ended = ledger_->expire(second, kEndedAtOnce);
  if (ended == 0) return;
  note_change();
  journal_.gathered();
}

std::optional<std::uint32_t> LeaseDesk::next_end() const {
  auto due = ledger_->next_expiry();
  if (due) due = std::max(*due, holder_.no_end_before());
  return due;
}

/// One timer, for the next lease that may end.
void LeaseDesk::wait_for_expiry() {
  const auto due = next_end();
  if (due == expiry_due_) return;
  expiry_due_ = due;
  if (!due) return expiry_->cancel();
  const auto second = now();
  const auto wait = std::chrono::seconds(*due > second ? *due - second : 0);
  expiry_->set(wait, [this] {
    expiry_due_.reset();
    end_expired();
    wait_for_expiry();
  });
}

/// The figures that everybody sees follow a little later.
void LeaseDesk::note_change() {
  capacity_stale_ = true;
  wait_for_expiry();
  if (std::exchange(refresh_due_, true)) return;
  refresh_->set(kRefresh, [this] {
    refresh_due_ = false;
    parts_.publisher.refresh(parts_.log);
  });
}

void LeaseDesk::published() {
  // Counted a moment ago, from what these leases use.
  capacity_ = parts_.publisher.view().capacity;
  capacity_stale_ = false;
  take_facts();
  denials_.clear();
  ledger_->set_limits(capacity());
}

Consumption LeaseDesk::consumption() {
  auto now = used();
  now.failure = journal_.failure();
  if (holder_.elsewhere() != nullptr) return now;
  for (const auto& [consumer, terms] : ledger_->terms())
    for (const auto& [pool, mark] : terms.low_water)
      if (const auto left = ledger_->available_to(consumer, pool); left < mark)
        now.low.push_back({consumer, pool, left, mark});
  return now;
}

}  // namespace latchkey
