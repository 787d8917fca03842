#include "agent/app/license_records.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/text.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

class Gatherer {
 public:
  explicit Gatherer(const FactLog& log) {
    for (const auto& entry : log.entries())
      std::visit([&](const auto& body) { see(entry, body); }, entry.stored.fact.body);
  }
  LicenseLedger take() { return std::move(out_); }

 private:
  template <class Other>
  void see(const FactLog::Entry&, const Other&) {}
  void see(const FactLog::Entry& entry, const LicenseImported& fact) {
    const auto& document = fact.license.document;
    known_.insert(document);
    const auto fate = out_.fates.find(document);
    if (fate != out_.fates.end() && fate->second == "deleted") out_.fates.erase(fate);
    arrive(entry, document, fact.key_id, fact.by, fact.method, fact.batch);
  }
  /// What the agents wrote to a key themselves is no new license.
  void see(const FactLog::Entry& entry, const KeyRead& fact) {
    const auto& license = fact.reading.license;
    if (!license || !known_.insert(license->document).second) return;
    arrive(entry, license->document, fact.reading.key_id, "", "usb-key", "");
  }
  void see(const FactLog::Entry&, const LicenseDeleted& fact) {
    out_.fates.try_emplace(fact.document, "deleted");
  }
  void see(const FactLog::Entry&, const LicenseWithdrawn& fact) {
    out_.fates[fact.document] = "revoked";
  }

  void arrive(const FactLog::Entry& entry, const std::string& document, const std::string& key_id,
              const std::string& by, const std::string& method, const std::string& batch) {
    const auto& fact = entry.stored.fact;
    out_.arrivals.push_back(
        {entry.position, fact.at, fact.node, document, key_id, by, method, batch});
  }

  LicenseLedger out_;
  std::set<std::string> known_;
};

bool matches(const LicenseArrival& arrival, const RecordQuery& query) {
  return (query.before == 0 || arrival.position < query.before) &&
         (query.node.empty() || arrival.node == query.node) &&
         (query.who.empty() || arrival.by == query.who) &&
         (!query.since || arrival.at >= *query.since) &&
         (!query.until || arrival.at < *query.until);
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
Json head_of(const LicenseArrival& arrival, const LicenseDocument& document,
             const NodeNames& names) {
  return {{"position", arrival.position},
          {"at", format_time(arrival.at)},
          {"node", arrival.node},
          {"node_name", name_of(arrival.node, names)},
          {"by", arrival.by},
          {"method", arrival.method},
          {"batch", arrival.batch},
          {"document", arrival.document},
          {"license", document.id},
          {"customer", document.customer},
          {"bound_to", arrival.key_id.empty() ? "deployment" : arrival.key_id},
          {"issued", format_time(document.issued)}};
}

/// The rows of one arrival.
class Rows {
 public:
  Rows(const LicenseLedger& ledger, const LicenseView& view)
      : ledger_(ledger), view_(view), judged_(view) {}

  Json of(const LicenseArrival& arrival) const {
    const auto stored = view_.documents.find(arrival.document);
    if (stored == view_.documents.end()) return Json::array();
    const auto& document = stored->second->document;
    const auto head = head_of(arrival, document, view_.premises.names);
    auto rows = entries(arrival, document);
    for (auto& row : rows) row.update(head);
    return rows;
  }

 private:
  Json entries(const LicenseArrival& arrival, const LicenseDocument& document) const {
    if (const auto fate = ledger_.fates.find(arrival.document); fate != ledger_.fates.end())
      return entries_json(document, view_.catalog, fate->second);
    if (const auto* entitled = judged_.find(arrival.document))
      return entries_json(judged_.entries(*entitled), view_.catalog);
    // A key carried it once: nobody installed it, and no key has it now.
    const auto status = license_in_use(view_.decision, arrival.key_id) ? EntryStatus::superseded
                                                                       : EntryStatus::key_absent;
    return entries_json(document, view_.catalog, to_string(status));
  }

  const LicenseLedger& ledger_;
  const LicenseView& view_;
  const JudgedLicenses judged_;
};

}  // namespace

LicenseLedger license_ledger(const FactLog& log) { return Gatherer(log).take(); }

Json license_records_page(const LicenseLedger& ledger, const LicenseView& view,
                          const RecordQuery& query) {
  const Rows rows_of(ledger, view);
  Json rows = Json::array();
  std::uint64_t next = 0, last = 0;
  const auto& arrivals = ledger.arrivals;
  for (auto arrival = arrivals.rbegin(); arrival != arrivals.rend(); ++arrival) {
    if (!matches(*arrival, query)) continue;
    if (rows.size() >= query.limit) {
      next = last;
      break;
    }
    last = arrival->position;
    for (auto& row : rows_of.of(*arrival))
      if (matches(row, query)) rows.push_back(std::move(row));
  }
  return {{"records", std::move(rows)}, {"next", next}};
}

}  // namespace latchkey
