#include "agent/app/fact_log.h"

#include <algorithm>
#include <set>
#include <utility>

namespace latchkey {

std::vector<Fact> facts_of(const std::vector<StoredFact>& stored) {
  std::vector<Fact> facts;
  facts.reserve(stored.size());
  for (const auto& one : stored) facts.push_back(one.fact);
  return facts;
}

void FactLog::add(std::vector<StoredFact> facts, std::vector<Document> documents) {
  for (auto& stored : facts) {
    chains_[stored.fact.chain].push_back(entries_.size());
    entries_.push_back({++position_, std::move(stored)});
  }
  for (auto& document : documents)
    documents_.emplace(std::move(document.hash), std::move(document.envelope));
}

std::vector<StoredFact> FactLog::drop_after(const std::string& chain, std::uint64_t common) {
  std::vector<StoredFact> dropped;
  std::vector<Entry> kept;
  for (auto& entry : entries_) {
    const auto& fact = entry.stored.fact;
    if (fact.chain == chain && fact.seq > common)
      dropped.push_back(std::move(entry.stored));
    else
      kept.push_back(std::move(entry));
  }
  entries_ = std::move(kept);
  chains_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i)
    chains_[entries_[i].stored.fact.chain].push_back(i);
  return dropped;
}

std::span<const FactLog::Entry> FactLog::news(std::uint64_t& seen) const {
  if (entries_.empty()) return {};
  const auto first = std::ranges::upper_bound(
      entries_, std::exchange(seen, entries_.back().position), {}, &Entry::position);
  return {first, entries_.end()};
}

void FactLog::sort_canonically(std::vector<const Fact*>& facts) {
  std::ranges::sort(facts,
                    [](const Fact* a, const Fact* b) { return canonical_order(*a, *b) < 0; });
}

ChainHeads FactLog::heads() const {
  ChainHeads heads;
  for (const auto& [chain, entries] : chains_) heads.emplace(chain, head(chain));
  return heads;
}

ChainHead FactLog::head(const std::string& chain) const {
  const auto found = chains_.find(chain);
  if (found == chains_.end() || found->second.empty()) return {};
  return {found->second.size(), entries_[found->second.back()].stored.encoded.hash};
}

std::string FactLog::hash_at(const std::string& chain, std::uint64_t seq) const {
  const auto found = chains_.find(chain);
  if (found == chains_.end() || seq == 0 || seq > found->second.size()) return {};
  return entries_[found->second[seq - 1]].stored.encoded.hash;
}

const Bytes* FactLog::document(const std::string& hash) const {
  const auto found = documents_.find(hash);
  return found == documents_.end() ? nullptr : &found->second;
}

bool FactLog::begins_with_repair(const std::vector<std::size_t>& chain) const {
  return !chain.empty() &&
         std::holds_alternative<TimeRepaired>(entries_[chain.front()].stored.fact.body);
}

Batch FactLog::facts_after(const ChainHeads& theirs, std::size_t max_facts) const {
  Batch batch;
  std::set<std::string> named;
  const auto send = [&](const std::string& chain, const std::vector<std::size_t>& entries) {
    const auto known = theirs.find(chain);
    for (std::size_t i = known == theirs.end() ? 0 : known->second.seq; i < entries.size(); ++i) {
      if (!batch.facts.empty() && batch.facts.size() >= max_facts) break;
      const auto& stored = entries_[entries[i]].stored;
      batch.facts.push_back(stored.encoded);
      if (const auto name = named_document(stored.fact.body); !name.empty()) named.emplace(name);
    }
  };
  // A chain that begins with a time repair first: without it others are refused for their dates.
  for (const bool repair : {true, false})
    for (const auto& [chain, entries] : chains_)
      if (begins_with_repair(entries) == repair) send(chain, entries);
  for (const auto& hash : named)
    if (const auto found = documents_.find(hash); found != documents_.end())
      batch.documents.push_back({found->first, found->second});
  return batch;
}

}  // namespace latchkey
