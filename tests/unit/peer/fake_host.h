#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/peer/host.h"
#include "core/base/sha256.h"
#include "core/deployment/fact.h"

namespace latchkey::test {

/// 32 or 64 hex digits made of one letter: readable ids.
inline std::string id_of(char letter) { return std::string(32, letter); }
inline std::string hash_of(char letter) { return std::string(64, letter); }

/// A node without a database: chains in memory, strict as the store is. Everything is durable at
/// once.
class FakeHost final : public PeerHost {
 public:
  explicit FakeHost(std::string node, std::string chain)
      : node_(std::move(node)), chain_(std::move(chain)) {}

  /// Another history for the same node, as a backup or a fresh disk has it.
  void restore(std::map<std::string, std::vector<EncodedFact>> older, std::string chain) {
    chains = std::move(older);
    chain_ = std::move(chain);
  }

  /// Writes one fact of our own; the caller pushes.
  void write(const std::string& port) { append_own(KeyGone{port, false}); }
  void write_document(Document document) {
    append_own(KeyGone{"with-document", false});
    named_[chains[chain_].back().hash] = std::move(document);
  }

  /// What it knows, byte for byte.
  std::map<std::string, std::vector<std::string>> texts() const {
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& [chain, facts] : chains)
      for (const auto& fact : facts) out[chain].push_back(fact.text);
    return out;
  }

  ChainHeads heads() const override {
    ChainHeads out;
    for (const auto& [chain, facts] : chains)
      if (!facts.empty()) out[chain] = {facts.size(), facts.back().hash};
    return out;
  }
  std::string own_chain() const override { return chain_; }

  Batch facts_after(const ChainHeads& theirs, std::size_t max_facts) const override {
    Batch out;
    for (const auto& [chain, facts] : chains) {
      const auto head = theirs.find(chain);
      for (auto i = head == theirs.end() ? 0 : head->second.seq; i < facts.size(); ++i)
        if (out.facts.size() < max_facts) out.facts.push_back(facts[i]);
    }
    for (const auto& fact : out.facts)
      if (const auto named = named_.find(fact.hash); named != named_.end())
        out.documents.push_back(named->second);
    return out;
  }

  std::string hash_at(const std::string& chain, std::uint64_t seq) const override {
    const auto found = chains.find(chain);
    if (found == chains.end() || seq == 0 || seq > found->second.size()) return {};
    return found->second[seq - 1].hash;
  }

  void receive(Batch batch, Done done) override {
    const auto before = chains;
    for (const auto& encoded : batch.facts)
      if (const auto taken = take(encoded); !taken) {
        chains = before;
        return done(taken);
      }
    for (const auto& document : batch.documents) documents[document.hash] = document;
    ++batches;
    done({});
  }

  void own_chain_forked(const std::string& chain, std::uint64_t common, Done done) override {
    forks.emplace_back(chain, common);
    auto& old = chains[chain];
    const std::vector<EncodedFact> tail(old.begin() + static_cast<std::ptrdiff_t>(common),
                                        old.end());
    old.resize(common);
    chain_[0] = chain_[0] == 'f' ? 'e' : 'f';
    for (const auto& fact : tail) append_own(decode_fact(fact.text)->fact.body);
    append_own(HistoryWarning{"history-restored", chain});
    done({});
  }
  void foreign_chain_forked(const std::string& chain) override { foreign_forks.push_back(chain); }

  void peer_up(const std::string& peer_node) override {
    ++ups;
    up = peer_node;
    heads_when_up = heads();
  }
  void peer_down(const std::string&) override {
    ++downs;
    up.clear();
  }
  NodeTimes times() const override { return own_times; }
  void peer_times(const NodeTimes& theirs) override {
    heard_times = theirs;
    heard_before_facts = heard_before_facts || batches == 0;
  }
  void peer_has(const ChainHeads& theirs) override { peer_heads = theirs; }
  Membership membership() const override { return member; }
  void adopt(Membership membership, Done done) override {
    member = std::move(membership);
    done(adopt_result);
  }
  void paired(const Pairing& pairing) override { pairings.push_back(pairing); }

  std::map<std::string, std::vector<EncodedFact>> chains;
  std::map<std::string, Document> documents;
  Membership member{hash_of('d'), "-----BEGIN PRIVATE KEY-----", {}};
  Result<void> adopt_result;
  std::vector<Pairing> pairings;
  std::vector<std::pair<std::string, std::uint64_t>> forks;
  std::vector<std::string> foreign_forks;
  int batches = 0;
  int ups = 0;
  int downs = 0;
  std::string up;
  ChainHeads heads_when_up;
  ChainHeads peer_heads;  ///< what the peer said it has
  NodeTimes own_times{Time(std::chrono::hours(1)), Time(std::chrono::hours(2))};
  std::optional<NodeTimes> heard_times;
  bool heard_before_facts = false;

 private:
  void append_own(FactBody body) {
    auto& own = chains[chain_];
    const Fact fact{Time(std::chrono::seconds(own.size())), chain_, own.size() + 1, node_,
                    std::move(body)};
    own.push_back(encode(fact, own.empty() ? std::string() : own.back().hash));
  }

  Result<void> take(const EncodedFact& encoded) {
    const auto decoded = decode_fact(encoded.text);
    if (!decoded) return tl::make_unexpected(decoded.error());
    auto& chain = chains[decoded->fact.chain];
    if (hash_at(decoded->fact.chain, decoded->fact.seq) == encoded.hash) return {};
    const auto last = chain.empty() ? std::string() : chain.back().hash;
    if (decoded->fact.seq != chain.size() + 1 || decoded->prev != last)
      return fail("chain-broken", "the facts do not continue the chain", "look into the log");
    chain.push_back(encoded);
    return {};
  }

  std::string node_;
  std::string chain_;
  std::map<std::string, Document> named_;  ///< by the fact that names it
};

}  // namespace latchkey::test
