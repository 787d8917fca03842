#include <algorithm>
#include <utility>

#include "agent/app/node_log.h"
#include "agent/store/chain_check.h"
#include "core/base/sha256.h"
#include "core/deployment/license_clock.h"
#include "core/deployment/repaired_dates.h"

// What the peer brings into the log, and how the log leaves a chain that was forked (SPEC BUF-10).
namespace latchkey {
namespace {

/// SPEC TIME-2: a peer in another year would take this node's time along, for nothing that is
/// decided is older than the newest fact.
Result<void> check_date(const Fact& fact, Time now) {
  if (fact.at - now <= kClockSkew) return {};
  return fail("peer-clock-ahead",
              "the facts of the peer are dated " + format_time(fact.at) +
                  ", which is more than a day ahead of license time on this node",
              "correct the clock of the node that is wrong; `latchkey status` says more");
}

const Bytes* document_of(std::string_view hash, const std::vector<Document>& sent,
                         const FactLog& log) {
  const auto found = std::ranges::find(sent, hash, &Document::hash);
  return found != sent.end() ? &found->envelope : log.document(std::string(hash));
}

/// What an administrator installed, without its document would be half an import (SPEC LIC-7).
Result<void> check_documents(const Batch& news, const std::vector<StoredFact>& facts,
                             const FactLog& log) {
  for (const auto& stored : facts) {
    const auto& body = stored.fact.body;
    if (!std::holds_alternative<LicenseImported>(body) &&
        !std::holds_alternative<TrustInstalled>(body) &&
        !std::holds_alternative<TimeRepaired>(body))
      continue;
    const auto hash = named_document(body);
    if (log.has_document(std::string(hash))) continue;
    if (std::ranges::find(news.documents, hash, &Document::hash) == news.documents.end())
      return fail("document-missing",
                  "the peer sent " + std::string(kind(body)) + " without its document");
  }
  return {};
}

}  // namespace

Result<NodeLog::Pending> NodeLog::news_in(const Batch& batch) const {
  Pending news;
  ChainCheck check;
  for (const auto& [chain, head] : log_.heads()) check.start(chain, head.seq, head.hash);
  for (const auto& encoded : batch.facts) {
    const auto decoded = decode_fact(encoded.text);
    const auto known =
        decoded ? log_.hash_at(decoded->fact.chain, decoded->fact.seq) : std::string();
    if (!known.empty() && known == decoded->hash) continue;
    if (decoded && decoded->fact.chain == chain_)
      return fail("chain-broken", "the peer sent facts of the chain that this node writes");
    LK_TRY(auto fact, check.next(encoded));
    news.facts.push_back({std::move(fact), encoded});
  }
  for (const auto& document : batch.documents) {
    if (content_hash(document.envelope) != document.hash)
      return fail("chain-broken", "document " + document.hash + " was changed on its way");
    if (!log_.has_document(document.hash)) news.documents.push_back(document);
  }
  LK_CHECK(check_documents(batch, news.facts, log_));
  LK_CHECK(check_repairs(news));
  LK_CHECK(check_dates(news));
  return news;
}

Result<void> NodeLog::check_dates(const Pending& news) const {
  const Time now = clock_.now();
  const auto check = [now](const auto& facts) -> Result<void> {
    for (const Fact& fact : facts) LK_CHECK(check_date(fact, now));
    return {};
  };
  auto facts = facts_of(news.facts);
  auto outcome = check(facts);
  if (outcome) return outcome;
  for (const auto& entry : log_.entries()) facts.push_back(entry.stored.fact);
  const auto repaired = with_repaired_dates(facts);
  return repaired ? check(repaired->facts) : outcome;
}

/// It changes the dates of other nodes' facts, so the vendor has to have said it.
Result<void> NodeLog::check_repairs(const Pending& news) const {
  std::vector<ByteView> bundles;
  for (const auto& stored : news.facts)
    if (const auto* installed = std::get_if<TrustInstalled>(&stored.fact.body))
      if (const auto* bundle = document_of(installed->document, news.documents, log_))
        bundles.push_back(*bundle);
  for (const auto& stored : news.facts) {
    const auto* repair = std::get_if<TimeRepaired>(&stored.fact.body);
    if (repair == nullptr) continue;
    const auto* document = document_of(repair->document, news.documents, log_);
    if (document == nullptr || !config_.check_repair)
      return fail("time-repair-refused", "the peer sent a time repair that cannot be verified");
    LK_CHECK(config_.check_repair(*repair, *document, bundles));
  }
  return {};
}

Result<void> NodeLog::repair_time(const std::function<Time()>& set_back, TimeRepaired repaired,
                                  Document document) {
  LK_TRY(auto fresh, new_chain_id(random_));
  change_ = ChainSwitch{chain_, log_.head(chain_).seq, fresh};
  chain_ = std::move(fresh);
  last_hash_.clear();
  witness_.time_repaired(set_back(), chain_, std::move(repaired));
  std::vector<Document> documents;
  documents.push_back(std::move(document));
  collect(std::move(documents));
  return {};
}

void NodeLog::receive(Batch batch, Done done) {
  enqueue([this, batch = std::move(batch), done = std::move(done)] {
    auto news = news_in(batch);
    if (!news || news->empty()) {
      done(news ? Result<void>() : tl::make_unexpected(news.error()));
      return finished();
    }
    auto to_write = news->batch();
    store_.append(std::move(to_write),
                  [this, news = std::move(*news), done](const Result<void>& outcome) {
                    if (outcome) take_in(news);
                    done(outcome);
                    finished();
                  });
  });
}

/// The facts of a database that this node no longer has come back from the peer.
bool NodeLog::tells_our_lost_past(const Pending& pending) const {
  return std::any_of(pending.facts.begin(), pending.facts.end(), [&](const auto& stored) {
    const auto& fact = stored.fact;
    return fact.node == config_.node && forked_.count(fact.chain) == 0 &&
           log_.head(fact.chain).seq == 0;
  });
}

void NodeLog::take_in(Pending pending) {
  const bool lost_past = tells_our_lost_past(pending);
  auto facts = facts_of(pending.facts);
  const bool of_us =
      std::ranges::any_of(facts, [&](const Fact& fact) { return fact.node == config_.node; });
  const Time now = told_now();
  log_.add(std::move(pending.facts), std::move(pending.documents));
  witness_.merge(std::move(facts));
  if (of_us) witness_.reminded(now);
  witness_.told(now);
  if (lost_past)
    witness_.warn(now, "history-restored",
                  "this node's database was lost; its history came back from the peer");
  collect({});
}

void NodeLog::own_chain_forked(const std::string& chain, std::uint64_t common, Done done) {
  enqueue([this, chain, common, done = std::move(done)] {
    if (chain != chain_) {  // told twice: it was left already
      done({});
      return finished();
    }
    begin_switch(chain, common);
    waiting_.push_back([done] { done({}); });
    write_own();
  });
}

/// In memory at once, so that what is witnessed from now on follows in the new chain; on disk with
/// the next write.
void NodeLog::begin_switch(const std::string& chain, std::uint64_t common) {
  const auto fresh = new_chain_id(random_);
  if (!fresh) return;  // no randomness: the fork stays and is reported again
  change_ = ChainSwitch{chain, common, *fresh};
  forked_.insert(chain);
  std::vector<Fact> kept, moved;
  for (const auto& entry : log_.entries()) {
    const auto& fact = entry.stored.fact;
    (fact.chain == chain && fact.seq > common ? moved : kept).push_back(fact);
  }
  for (const auto& stored : unstored_.facts) moved.push_back(stored.fact);
  unstored_.facts.clear();
  chain_ = *fresh;
  last_hash_.clear();
  for (std::size_t i = 0; i < moved.size(); ++i) {
    moved[i].chain = chain_;
    moved[i].seq = i + 1;
    unstored_.facts.push_back(chained(moved[i]));
  }
  const bool had_peer = !witness_.peer().empty();
  kept.insert(kept.end(), moved.begin(), moved.end());
  witness_.change_chain(chain_, std::move(kept));
  const Time now = told_now();
  if (had_peer) witness_.peer_down(now);
  witness_.warn(
      now, "history-restored",
      "this node's database was restored from a backup; the peer knows what it had forgotten");
  for (auto& fact : witness_.take_new()) unstored_.facts.push_back(chained(std::move(fact)));
}

void NodeLog::foreign_chain_forked(const std::string& chain) {
  const auto said = [&](const Fact& fact) {
    const auto* warning = std::get_if<HistoryWarning>(&fact.body);
    return warning != nullptr && warning->code == "history-forked" && warning->detail == chain;
  };
  const auto& facts = witness_.facts();
  if (std::any_of(facts.begin(), facts.end(), said)) return;
  witness([&](Witness& w, Time now) { w.warn(now, "history-forked", chain); });
}

}  // namespace latchkey
