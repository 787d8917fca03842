#include "core/deployment/fact.h"

namespace latchkey {
namespace {

struct KindOf {
  std::string_view operator()(const NodeStarted&) const { return "node-started"; }
  std::string_view operator()(const NodeStopped&) const { return "node-stopped"; }
  std::string_view operator()(const NodeJoined&) const { return "node-joined"; }
  std::string_view operator()(const NodeFactors&) const { return "node-factors"; }
  std::string_view operator()(const KeyRead&) const { return "key-read"; }
  std::string_view operator()(const KeyGone&) const { return "key-gone"; }
  std::string_view operator()(const LicenseImported&) const { return "license-imported"; }
  std::string_view operator()(const LicenseDeleted&) const { return "license-deleted"; }
  std::string_view operator()(const LicenseWithdrawn&) const { return "license-withdrawn"; }
  std::string_view operator()(const TrustInstalled&) const { return "trust-installed"; }
  std::string_view operator()(const ImportRefused&) const { return "import-refused"; }
  std::string_view operator()(const ClockJumped&) const { return "clock-jumped"; }
  std::string_view operator()(const TimeRepaired&) const { return "time-repaired"; }
  std::string_view operator()(const LeaseReleased&) const { return "lease-released"; }
  std::string_view operator()(const ConsumerTermsSet&) const { return "consumer-terms"; }
  std::string_view operator()(const AccessFact& fact) const { return kind(fact); }
  std::string_view operator()(const UpstreamFact& fact) const { return kind(fact); }
  std::string_view operator()(const LeasesTaken&) const { return "leases-taken"; }
  std::string_view operator()(const PeerLost&) const { return "peer-lost"; }
  std::string_view operator()(const PeerFound&) const { return "peer-found"; }
  std::string_view operator()(const HistoryWarning&) const { return "history-warning"; }
  std::string_view operator()(const UnknownFact& fact) const { return fact.kind; }
};

}  // namespace

std::string_view kind(const FactBody& body) { return std::visit(KindOf{}, body); }

std::string_view named_document(const FactBody& body) {
  if (const auto* imported = std::get_if<LicenseImported>(&body)) return imported->license.document;
  if (const auto* installed = std::get_if<TrustInstalled>(&body)) return installed->document;
  if (const auto* repaired = std::get_if<TimeRepaired>(&body)) return repaired->document;
  const auto* read = std::get_if<KeyRead>(&body);
  if (read != nullptr && read->reading.license) return read->reading.license->document;
  return {};
}

std::strong_ordering canonical_order(const Fact& a, const Fact& b) {
  if (const auto order = a.at.time_since_epoch().count() <=> b.at.time_since_epoch().count();
      order != 0)
    return order;
  if (const auto order = a.chain.compare(b.chain) <=> 0; order != 0) return order;
  return a.seq <=> b.seq;
}

}  // namespace latchkey
