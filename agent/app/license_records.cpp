#include "agent/app/license_records.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/app/license_json.h"
#include "core/base/search_text.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

/// How a license came.
struct Arrival {
  const FactLog::Entry* entry;
  std::string document;
  std::string key_id;
  std::string by;
  std::string method;
  std::string batch;
};

/// The arrivals in order, and what became of the documents.
class Ledger {
 public:
  explicit Ledger(const FactLog& log) {
    for (const auto& entry : log.entries())
      std::visit([&](const auto& body) { see(entry, body); }, entry.stored.fact.body);
  }
  const std::vector<Arrival>& arrivals() const { return arrivals_; }
  /// `deleted`, `revoked`, or empty.
  std::string fate(const std::string& document) const {
    const auto found = fate_.find(document);
    return found == fate_.end() ? "" : found->second;
  }

 private:
  template <class Other>
  void see(const FactLog::Entry&, const Other&) {}
  void see(const FactLog::Entry& entry, const LicenseImported& fact) {
    const auto& document = fact.license.document;
    known_.insert(document);
    if (fate(document) == "deleted") fate_.erase(document);
    arrivals_.push_back({&entry, document, fact.key_id, fact.by, fact.method, fact.batch});
  }
  /// What the agents wrote to a key themselves is no new license.
  void see(const FactLog::Entry& entry, const KeyRead& fact) {
    const auto& license = fact.reading.license;
    if (!license || !known_.insert(license->document).second) return;
    arrivals_.push_back({&entry, license->document, fact.reading.key_id, "", "usb-key", ""});
  }
  void see(const FactLog::Entry&, const LicenseDeleted& fact) {
    if (fate(fact.document).empty()) fate_[fact.document] = "deleted";
  }
  void see(const FactLog::Entry&, const LicenseWithdrawn& fact) {
    fate_[fact.document] = "revoked";
  }

  std::vector<Arrival> arrivals_;
  std::set<std::string> known_;
  std::map<std::string, std::string> fate_;
};

bool matches(const Arrival& arrival, const RecordQuery& query) {
  const auto& fact = arrival.entry->stored.fact;
  return (query.before == 0 || arrival.entry->position < query.before) &&
         (query.node.empty() || fact.node == query.node) &&
         (query.who.empty() || arrival.by == query.who) &&
         (!query.since || fact.at >= *query.since) && (!query.until || fact.at < *query.until);
}

bool matches(const Json& row, const RecordQuery& query) {
  if (!query.kind.empty() && row.at("kind") != query.kind) return false;
  if (!query.result.empty() && row.at("status") != query.result) return false;
  if (query.text.empty()) return true;
  for (const char* name : {"license", "customer", "object", "object_name", "bound_to"})
    if (contains_text(row.at(name).get<std::string>(), query.text)) return true;
  return false;
}

/// What all entries of a license have in common.
Json head_of(const Arrival& arrival, const LicenseDocument& document, const NodeNames& names) {
  const auto& fact = arrival.entry->stored.fact;
  return {{"position", arrival.entry->position},
          {"at", format_time(fact.at)},
          {"node", fact.node},
          {"node_name", name_of(fact.node, names)},
          {"by", arrival.by},
          {"method", arrival.method},
          {"batch", arrival.batch},
          {"document", arrival.document},
          {"license", document.id},
          {"customer", document.customer},
          {"bound_to", arrival.key_id.empty() ? "deployment" : arrival.key_id},
          {"issued", format_time(document.issued)}};
}

}  // namespace

Json license_records_page(const FactLog& log, const RecordQuery& query, const Catalog& catalog,
                          const FindLicense& find, Time now, const NodeNames& names) {
  const Ledger ledger(log);
  Json rows = Json::array();
  std::uint64_t next = 0, last = 0;
  const auto& arrivals = ledger.arrivals();
  for (auto arrival = arrivals.rbegin(); arrival != arrivals.rend(); ++arrival) {
    if (!matches(*arrival, query)) continue;
    if (rows.size() >= query.limit) {
      next = last;
      break;
    }
    last = arrival->entry->position;
    const auto* document = find(arrival->document);
    if (document == nullptr) continue;
    const auto head = head_of(*arrival, *document, names);
    const auto fate = ledger.fate(arrival->document);
    for (auto& entry : entries_json(*document, catalog, now)) {
      entry.update(head);
      if (!fate.empty()) entry["status"] = fate;
      if (matches(entry, query)) rows.push_back(std::move(entry));
    }
  }
  return {{"records", std::move(rows)}, {"next", next}};
}

}  // namespace latchkey
