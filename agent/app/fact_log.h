#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "agent/peer/host.h"
#include "agent/store/fact_store.h"

namespace latchkey {

std::vector<Fact> facts_of(const std::vector<StoredFact>& stored);

/// Every fact that is durable on this node, in the order of arrival and by chain; and the
/// documents.
class FactLog {
 public:
  struct Entry {
    std::uint64_t position = 0;  ///< order of arrival, from 1; a dropped fact leaves a gap
    StoredFact stored;
  };

  /// Facts must continue their chains: the store's load() and ChainCheck see to that.
  void add(std::vector<StoredFact> facts, std::vector<Document> documents);
  /// Takes the facts of `chain` after `common` out and returns them in order (SPEC BUF-10).
  std::vector<StoredFact> drop_after(const std::string& chain, std::uint64_t common);

  const std::vector<Entry>& entries() const { return entries_; }
  /// Those that arrived after position `seen`, which moves to the newest.
  std::span<const Entry> news(std::uint64_t& seen) const;
  /// Those that say something of `Body`, in the order in which every node folds them.
  template <class Body>
  std::vector<const Fact*> about() const {
    std::vector<const Fact*> facts;
    for (const auto& entry : entries_)
      if (std::holds_alternative<Body>(entry.stored.fact.body)) facts.push_back(&entry.stored.fact);
    sort_canonically(facts);
    return facts;
  }
  ChainHeads heads() const;
  ChainHead head(const std::string& chain) const;                          ///< seq 0 when unknown
  std::string hash_at(const std::string& chain, std::uint64_t seq) const;  ///< empty when unknown
  bool has_document(const std::string& hash) const { return documents_.count(hash) != 0; }
  /// The envelope with this content hash; null when it is not here.
  const Bytes* document(const std::string& hash) const;
  /// As PeerHost::facts_after.
  Batch facts_after(const ChainHeads& theirs, std::size_t max_facts) const;

 private:
  static void sort_canonically(std::vector<const Fact*>& facts);
  bool begins_with_repair(const std::vector<std::size_t>& chain) const;

  std::vector<Entry> entries_;
  std::map<std::string, std::vector<std::size_t>> chains_;  ///< seq - 1 -> index into entries_
  std::map<std::string, Bytes> documents_;
  std::uint64_t position_ = 0;
};

}  // namespace latchkey
