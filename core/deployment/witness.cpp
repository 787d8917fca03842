#include "core/deployment/witness.h"

#include <algorithm>
#include <utility>

namespace latchkey {
namespace {

bool before(const Fact& a, const Fact& b) { return canonical_order(a, b) < 0; }
/// A fault described in other words is no news.
bool says_the_same(const KeyReading& a, const KeyReading& b) {
  return a.fault == b.fault && a.key_id == b.key_id && a.license == b.license;
}
bool same_fact(const Fact& a, const Fact& b) { return canonical_order(a, b) == 0; }

}  // namespace

Witness::Witness(WitnessConfig config) : config_(std::move(config)) {}

void Witness::merge(std::vector<Fact> facts) {
  folded_ = {};
  auto& all = recorded_.empty() ? facts_ : recorded_;
  all.insert(all.end(), std::make_move_iterator(facts.begin()),
             std::make_move_iterator(facts.end()));
  if (!std::is_sorted(all.begin(), all.end(), before)) std::sort(all.begin(), all.end(), before);
  all.erase(std::unique(all.begin(), all.end(), same_fact), all.end());
  redate();
  learn_from_facts();
}

/// From the first repair on both are kept: the date of a fact depends on others that may come
/// later.
void Witness::redate() {
  auto repaired = with_repaired_dates(recorded_.empty() ? facts_ : recorded_);
  if (!repaired) return;
  if (recorded_.empty()) recorded_ = std::move(facts_);
  facts_ = std::move(repaired->facts);
  leads_ = std::move(repaired->leads);
}

void Witness::change_chain(std::string chain, std::vector<Fact> facts) {
  config_.chain = std::move(chain);
  facts_.clear();
  recorded_.clear();
  leads_.clear();
  fresh_.clear();
  next_seq_ = 1;
  peer_.clear();
  peer_lost_ = false;
  silent_since_.reset();
  merge(std::move(facts));
}

void Witness::learn_from_facts() {
  for (const auto& fact : facts_) {
    if (fact.chain == config_.chain) next_seq_ = std::max(next_seq_, fact.seq + 1);
    if (const auto* joined = std::get_if<NodeJoined>(&fact.body)) {
      if (fact.node == config_.node) peer_ = joined->node;
      if (joined->node == config_.node) peer_ = fact.node;
      peer_lost_ = false;
    }
    if (fact.node != config_.node) continue;
    if (std::holds_alternative<PeerLost>(fact.body)) peer_lost_ = true;
    if (std::holds_alternative<PeerFound>(fact.body)) peer_lost_ = false;
  }
}

void Witness::start(Time now, std::string version) {
  add(now, NodeStarted{std::move(version)});
  readings_.clear();
  present_.reset();
  // A peer that was there when we stopped gets the whole hold to be heard again.
  silent_since_.reset();
  if (!peer_.empty()) peer_down(now);
}

void Witness::stop(Time now) { add(now, NodeStopped{}); }

void Witness::enumerated(Time now, const std::vector<std::string>& present_ports) {
  present_.emplace(present_ports.begin(), present_ports.end());
  lose_absent(now);
}

void Witness::reminded(Time now) {
  if (present_) lose_absent(now);
  if (linked_) peer_up(now);
}

void Witness::told(Time now) {
  // What a peer that is up tells happened after what it knows of us.
  if (!linked_ && !readings_.empty()) say_again(now);
}

void Witness::lose_absent(Time now) {
  std::set<std::string> believed;
  for (const auto& fact : facts_) {
    if (fact.node != config_.node) continue;
    if (const auto* read = std::get_if<KeyRead>(&fact.body)) believed.insert(read->port);
    if (const auto* gone = std::get_if<KeyGone>(&fact.body)) believed.erase(gone->port);
  }
  for (const auto& port : believed)
    if (present_->count(port) == 0) add(now, KeyGone{port, true});
}

const KeyRead* Witness::last_reading(const std::string& port) const {
  for (auto fact = facts_.rbegin(); fact != facts_.rend(); ++fact) {
    if (fact->node != config_.node) continue;
    const auto* gone = std::get_if<KeyGone>(&fact->body);
    if (gone && gone->port == port) return nullptr;
    const auto* read = std::get_if<KeyRead>(&fact->body);
    if (read && read->port == port) return read;
  }
  return nullptr;
}

/// A stamp that tells what the history knows is none.
bool Witness::is_news(Time now, const KeyRead& before, const KeyReading& reading) const {
  const auto& old = before.reading;
  if (!says_the_same(old, reading)) return true;
  if (!reading.stamp || reading.stamp == old.stamp) return false;
  const auto history = decide(now).history;
  const auto known = history.find(reading.key_id);
  return known == history.end() || known->second.removed_at < reading.stamp->removed_at;
}

/// The fold puts this reading where it was taken. A key that was read elsewhere since has left its
/// port in the fold's eyes.
bool Witness::stands(const Decision& decision, const KeyRead& read) const {
  return std::any_of(decision.keys.begin(), decision.keys.end(), [&](const auto& key) {
    return key.node == config_.node && key.port == read.port &&
           says_the_same(key.reading, read.reading);
  });
}

/// What came from the peer, of whatever date, does not make this node unsee what is in its ports.
void Witness::say_again(Time now) {
  const auto decision = decide(now);
  for (const auto& [port, read] : readings_)
    if (!stands(decision, read)) add(now, read);
}

void Witness::key_read(Time now, std::string port, std::string driver, KeyReading reading) {
  if (present_) present_->insert(port);
  if (reading.stamp) reading.stamp = with_repaired_date(*reading.stamp, now, leads_);
  const auto* known = last_reading(port);
  KeyRead read{std::move(port), std::move(driver), std::move(reading)};
  readings_[read.port] = read;
  if (known && !is_news(now, *known, read.reading) && stands(decide(now), read)) return;
  add(now, std::move(read));
}

void Witness::key_gone(Time now, const std::string& port) {
  const bool while_down = readings_.erase(port) == 0;
  if (present_) present_->erase(port);
  if (last_reading(port)) add(now, KeyGone{port, while_down});
}

void Witness::peer_joined(Time now, std::string peer, std::string replaces) {
  peer_ = peer;
  peer_lost_ = false;
  silent_since_.reset();
  add(now, NodeJoined{std::move(peer), std::move(replaces)});
}

void Witness::node_factors(Time now, NodeFactors factors) {
  const auto told = decide(now).factors;
  const auto known = told.find(config_.node);
  if (known == told.end() || known->second != factors) add(now, std::move(factors));
}

void Witness::license_imported(Time now, LicenseImported imported) {
  add(now, std::move(imported));
}

void Witness::license_deleted(Time now, LicenseDeleted deleted) { add(now, std::move(deleted)); }

void Witness::license_withdrawn(Time now, LicenseWithdrawn withdrawn) {
  add(now, std::move(withdrawn));
}

void Witness::lease_released(Time now, LeaseReleased released) { add(now, std::move(released)); }

void Witness::consumer_terms(Time now, ConsumerTermsSet terms) { add(now, std::move(terms)); }
void Witness::leases_taken(Time now, LeasesTaken taken) { add(now, std::move(taken)); }

void Witness::trust_installed(Time now, TrustInstalled installed) {
  add(now, std::move(installed));
}

void Witness::clock_jumped(Time now, ClockJumped jumped) { add(now, jumped); }

void Witness::time_repaired(Time now, std::string chain, TimeRepaired repaired) {
  config_.chain = std::move(chain);
  next_seq_ = 1;
  if (silent_since_) silent_since_ = std::min(*silent_since_, now);
  const Fact fact{now, config_.chain, next_seq_++, config_.node, std::move(repaired)};
  fresh_.push_back(fact);
  merge({fact});
}

void Witness::access_changed(Time now, AccessFact fact) { add(now, std::move(fact)); }
void Witness::upstream(Time now, UpstreamFact fact) { add(now, std::move(fact)); }

/// Counted in the facts themselves, so that a restart grants no new ones.
void Witness::import_refused(Time now, ImportRefused refused) {
  std::size_t told = 0;
  for (auto fact = facts_.rbegin(); fact != facts_.rend() && fact->at + kDay > now; ++fact)
    if (fact->node == config_.node && std::holds_alternative<ImportRefused>(fact->body)) ++told;
  if (told >= kMaxRefusals) return;
  if (refused.detail.size() > kMaxRefusalDetail) refused.detail.resize(kMaxRefusalDetail);
  if (told + 1 == kMaxRefusals)
    refused.detail += " (The refusals that follow within a day of these are only in the log.)";
  add(now, std::move(refused));
}

void Witness::warn(Time now, std::string code, std::string detail) {
  add(now, HistoryWarning{std::move(code), std::move(detail)});
}

void Witness::peer_up(Time now) {
  linked_ = true;
  silent_since_.reset();
  if (peer_lost_) add(now, PeerFound{peer_});
  peer_lost_ = false;
  say_again(now);
}

void Witness::peer_down(Time now) {
  linked_ = false;
  if (!silent_since_ && !peer_lost_) silent_since_ = now;
}

void Witness::tick(Time now) {
  const auto due = next_tick();
  if (!due || now < *due) return;
  silent_since_.reset();
  peer_lost_ = true;
  add(now, PeerLost{peer_});
}

std::optional<Time> Witness::next_tick() const {
  if (!silent_since_) return std::nullopt;
  return *silent_since_ + config_.peer_hold;
}

void Witness::add(Time now, FactBody body) {
  // A clock that stands behind: after what is known, in the fold's order too, where at one instant
  // the chains' names decide.
  if (!facts_.empty() && now < facts_.back().at)
    now = facts_.back().at + Duration(facts_.back().chain == config_.chain ? 0 : 1);
  Fact fact{now, config_.chain, next_seq_++, config_.node, std::move(body)};
  fresh_.push_back(fact);
  folded_ = {};
  if (!recorded_.empty()) recorded_.push_back(fact);
  facts_.insert(std::upper_bound(facts_.begin(), facts_.end(), fact, before), std::move(fact));
}

std::vector<Fact> Witness::take_new() { return std::exchange(fresh_, {}); }

Decision Witness::decide(Time now) const {
  if (!folded_.decide || folded_.facts != facts_.data())
    folded_ = {facts_.data(), folded(facts_, {config_.node, config_.settle})};
  return folded_.decide(now);
}

std::vector<Change> Witness::changes(Time now) const {
  return latchkey::changes(facts_, {config_.node, config_.settle}, now);
}

}  // namespace latchkey
