#include "agent/app/record_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/access/access_codec.h"
#include "core/base/text.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxScan = 10'000;

/// Who did it, through what it came, how it ended (SPEC REC-1).
struct Circumstances {
  std::string by;
  std::string from;
  std::string_view result = "done";
};

struct Circumstance {
  Circumstances operator()(const KeyRead& fact) const {
    return {"", "port " + fact.port, fact.reading.works() ? "done" : "failed"};
  }
  Circumstances operator()(const KeyGone& fact) const { return {"", "port " + fact.port}; }
  Circumstances operator()(const LicenseImported& fact) const { return {fact.by, fact.method}; }
  Circumstances operator()(const LicenseDeleted& fact) const { return {fact.by, ""}; }
  Circumstances operator()(const TrustInstalled& fact) const { return {fact.by, "file"}; }
  Circumstances operator()(const ImportRefused& fact) const {
    return {fact.by, fact.method, "refused"};
  }
  Circumstances operator()(const LeaseReleased& fact) const { return {fact.by, ""}; }
  Circumstances operator()(const ConsumerTermsSet& fact) const { return {fact.by, ""}; }
  Circumstances operator()(const AccessFact& fact) const {
    return {std::string(done_by(fact)), ""};
  }
  Circumstances operator()(const UpstreamFact& fact) const {
    const bool lost = std::holds_alternative<UpstreamLost>(fact);
    return {std::string(done_by(fact)), "", lost ? "warning" : "done"};
  }
  Circumstances operator()(const LeasesTaken& fact) const { return {fact.by, fact.cause}; }
  Circumstances operator()(const PeerLost&) const { return {"", "", "warning"}; }
  Circumstances operator()(const HistoryWarning&) const { return {"", "", "warning"}; }
  template <class Other>
  Circumstances operator()(const Other&) const {
    return {};
  }
};

std::string_view kind_of(const Change& change) {
  if (change.kind == Change::Kind::state) return "state-changed";
  return change.kind == Change::Kind::buffer_started ? "buffer-started" : "buffer-ended";
}

bool is_good(const Change& change) {
  if (change.kind == Change::Kind::state) return change.state == KeyState::ready;
  return change.kind == Change::Kind::buffer_ended && change.reason != "over";
}

std::string describe_state(const Change& change) {
  auto text = "the key state went from " + std::string(to_string(change.before)) + " to " +
              std::string(to_string(change.state));
  if (!change.reason.empty()) text += " (" + change.reason + ")";
  return change.key_id.empty() ? text : text + "; key " + change.key_id + " is in use";
}

std::string describe(const Change& change) {
  const auto until = format_time(change.until);
  if (change.kind == Change::Kind::state) return describe_state(change);
  if (change.kind == Change::Kind::buffer_started)
    return change.until > change.at
               ? "a buffer license bridges key " + change.key_id + " until " + until
               : "key " + change.key_id + " inherits a buffer license that was over at " + until;
  if (change.reason == "over") return "the buffer license of key " + change.key_id + " is over";
  return "the buffer license of key " + change.key_id +
         (change.reason == "returned" ? " ends: the key is back" : " ends: another key is in use");
}

/// One row: a fact, or what follows from it.
class Record {
 public:
  Record(const FactLog::Entry& entry, const Change* change)
      : entry_(&entry), change_(change), at_(change ? change->at : fact().at) {}

  bool matches(const RecordQuery& query, const NodeNames& names) const {
    if (!query.node.empty() && fact().node != query.node) return false;
    if (!query.kind.empty() && kind() != query.kind) return false;
    if (query.since && at_ < *query.since) return false;
    if (query.until && at_ >= *query.until) return false;
    const auto around = circumstances();
    if (!query.who.empty() && around.by != query.who) return false;
    if (!query.result.empty() && around.result != query.result) return false;
    return query.text.empty() || contains_text(text(names), query.text);
  }

  Json json(const NodeNames& names) const {
    const auto around = circumstances();
    return {{"position", entry_->position},
            {"at", format_time(at_)},
            {"node", fact().node},
            {"node_name", name_of(fact().node, names)},
            {"chain", fact().chain},
            {"seq", fact().seq},
            {"hash", entry_->stored.encoded.hash},
            {"kind", kind()},
            {"derived", change_ != nullptr},
            {"by", around.by},
            {"from", around.from},
            {"result", around.result},
            {"text", text(names)},
            {"fact", change_ ? Json(nullptr) : told_fact()}};
  }

 private:
  const Fact& fact() const { return entry_->stored.fact; }
  /// Whoever may look sees everything but what passwords and tokens are judged by.
  Json told_fact() const {
    auto told = Json::parse(entry_->stored.encoded.text);
    told.erase(kVerifierMember);
    return told;
  }
  std::string_view kind() const {
    return change_ ? kind_of(*change_) : latchkey::kind(fact().body);
  }
  std::string text(const NodeNames& names) const {
    return change_ ? describe(*change_) : latchkey::describe(fact().body, names);
  }
  Circumstances circumstances() const {
    if (change_) return {"", "", is_good(*change_) ? "done" : "warning"};
    return std::visit(Circumstance{}, fact().body);
  }

  const FactLog::Entry* entry_;
  const Change* change_;
  Time at_;
};

/// Finds what follows from a fact.
class Consequences {
 public:
  explicit Consequences(std::span<const Change> changes) {
    for (const auto& change : changes)
      if (change.cause != nullptr)
        by_fact_[{change.cause->chain, change.cause->seq}].push_back(&change);
  }
  /// Newest first.
  std::vector<Record> records(const FactLog::Entry& entry) const {
    std::vector<Record> records;
    const auto& fact = entry.stored.fact;
    if (const auto found = by_fact_.find({fact.chain, fact.seq}); found != by_fact_.end())
      for (auto change = found->second.rbegin(); change != found->second.rend(); ++change)
        records.emplace_back(entry, *change);
    records.emplace_back(entry, nullptr);
    return records;
  }

 private:
  std::map<std::pair<std::string_view, std::uint64_t>, std::vector<const Change*>> by_fact_;
};

}  // namespace

Json records_page(const FactLog& log, std::span<const Change> changes, const RecordQuery& query,
                  const NodeNames& names) {
  const Consequences consequences(changes);
  Json records = Json::array();
  std::uint64_t next = 0, last = query.before;
  std::size_t scanned = 0;
  const auto& entries = log.entries();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (query.before != 0 && entry->position >= query.before) continue;
    auto group = consequences.records(*entry);
    std::erase_if(group, [&](const Record& record) { return !record.matches(query, names); });
    const bool full = !records.empty() && records.size() + group.size() > query.limit;
    if ((full && !group.empty()) || scanned++ == kMaxScan) {
      next = last;
      break;
    }
    for (const auto& record : group) records.push_back(record.json(names));
    last = entry->position;
  }
  return {{"records", std::move(records)}, {"next", next}};
}

}  // namespace latchkey
