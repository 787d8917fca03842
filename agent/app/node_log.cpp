#include "agent/app/node_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/store/chain_check.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/base/sha256.h"
#include "core/deployment/repaired_dates.h"

namespace latchkey {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};
constexpr std::size_t kChainIdBytes = 16;

WitnessConfig witness_config(const NodeLog::Config& config, const std::string& chain) {
  return {config.node, chain, config.settle, config.peer_hold};
}

}  // namespace

Result<std::string> new_chain_id(const FillRandom& random) {
  Bytes bytes(kChainIdBytes);
  if (!random(bytes)) return fail("no-random", "the system gives no random numbers");
  return to_hex(bytes);
}

Batch NodeLog::Pending::batch() const {
  Batch batch;
  for (const auto& stored : facts) batch.facts.push_back(stored.encoded);
  batch.documents = documents;
  return batch;
}

NodeLog::NodeLog(Reactor& reactor, const Clock& clock, FactStore& store, FillRandom random,
                 Config config, StoreContents contents, std::function<void()> changed)
    : reactor_(reactor),
      clock_(clock),
      store_(store),
      random_(std::move(random)),
      config_(std::move(config)),
      changed_(std::move(changed)),
      chain_(std::move(contents.chain)),
      witness_(witness_config(config_, chain_)),
      retry_(reactor.alarm()),
      tick_(reactor.alarm()) {
  witness_.merge(facts_of(contents.facts));
  log_.add(std::move(contents.facts), std::move(contents.documents));
  last_hash_ = log_.head(chain_).hash;
}

void NodeLog::witness(const std::function<void(Witness&, Time)>& change,
                      std::vector<Document> documents) {
  change(witness_, told_now());
  collect(std::move(documents));
}

/// License time; if it has jumped, that is told before anything is dated by it.
Time NodeLog::told_now() {
  const Time now = clock_.now();
  const auto jump = config_.take_jump ? config_.take_jump() : std::nullopt;
  if (jump) {
    log::warning(log::names::kClockJumped,
                 {{"from", format_time(jump->from)}, {"to", format_time(jump->to)}});
    witness_.clock_jumped(now, *jump);
  }
  return now;
}

void NodeLog::note_jump() {
  const auto known = witness_.facts().size();
  told_now();
  if (witness_.facts().size() != known) collect({});
}

void NodeLog::when_durable(std::function<void()> call) {
  if (durable()) return call();
  waiting_.push_back(std::move(call));
}

Decision NodeLog::decide_durable(Time now) const {
  return durable() ? decide(now) : fold(durable_facts(), {config_.node, config_.settle}, now);
}

std::vector<Fact> NodeLog::durable_facts() const {
  std::vector<Fact> facts;
  for (const auto& entry : log_.entries()) facts.push_back(entry.stored.fact);
  if (auto repaired = with_repaired_dates(facts)) return std::move(repaired->facts);
  std::ranges::sort(facts, [](const Fact& a, const Fact& b) { return canonical_order(a, b) < 0; });
  return facts;
}

StoredFact NodeLog::chained(Fact fact) {
  auto encoded = encode(fact, last_hash_);
  last_hash_ = encoded.hash;
  return {std::move(fact), std::move(encoded)};
}

void NodeLog::collect(std::vector<Document> documents) {
  for (auto& fact : witness_.take_new()) unstored_.facts.push_back(chained(std::move(fact)));
  for (auto& document : documents)
    if (!log_.has_document(document.hash)) unstored_.documents.push_back(std::move(document));
  if (durable()) return note_change();
  if (!std::exchange(own_queued_, true)) enqueue([this] { write_own(); });
}

void NodeLog::enqueue(std::function<void()> write) {
  queue_.push_back(std::move(write));
  start_next();
}

void NodeLog::start_next() {
  if (writing_ || queue_.empty()) return;
  writing_ = true;
  const auto write = std::move(queue_.front());
  queue_.pop_front();
  write();
}

void NodeLog::finished() {
  writing_ = false;
  start_next();
  note_change();
  if (durable())
    for (auto& call : std::exchange(waiting_, {})) call();
}

void NodeLog::write_own() {
  own_queued_ = false;
  auto done = [this, written = unstored_](const Result<void>& outcome) {
    own_written(written, outcome);
  };
  if (change_)
    store_.switch_chain(*change_, unstored_.batch(), std::move(done));
  else
    store_.append(unstored_.batch(), std::move(done));
}

void NodeLog::own_written(const Pending& written, const Result<void>& outcome) {
  if (!outcome) return retry_later(outcome.error());
  if (std::exchange(failing_, false)) log::info(log::names::kStoreRecovered);
  if (change_) log_.drop_after(change_->forked, change_->common);
  change_.reset();
  const auto drop = [](auto& from, std::size_t count) {
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
  };
  drop(unstored_.facts, written.facts.size());
  drop(unstored_.documents, written.documents.size());
  log_.add(written.facts, written.documents);
  finished();
}

void NodeLog::retry_later(const Error& error) {
  failure_ = error;
  if (!std::exchange(failing_, true))
    log::error(log::names::kStoreFailing, {{"code", error.code}, {"detail", error.message}});
  retry_->set(kRetry, [this] { write_own(); });
  changed_();
}

void NodeLog::note_change() {
  if (const auto due = witness_.next_tick())
    tick_->set(std::max(*due - clock_.now(), Duration(0)),
               [this] { witness([](Witness& w, Time now) { w.tick(now); }); });
  else
    tick_->cancel();
  changed_();
}

}  // namespace latchkey
