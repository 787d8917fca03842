#include "agent/app/front_desk.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/app/record_list.h"
#include "agent/app/record_verdict.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

void log_request(std::string_view what, const net::Caller& caller) {
  log::info(log::names::kRequest, {{"what", std::string(what)}, {"by", caller.name}});
}

}  // namespace

FrontDesk::FrontDesk(NodeLog& log, FactStore& store, Publisher& publisher, KeyDesk& keys,
                     LicenseDesk& licenses, LeaseDesk& leases, const PoolDesk& pools,
                     const MetricsDesk& metrics, RequestDesk& requests, TrustDesk& trust,
                     TimeDesk& time, PeerLink& link, AccessBackend& access, DrawBackend& draws,
                     UpstreamDesk& upstream, std::function<NodeNames()> names)
    : log_(log),
      store_(store),
      publisher_(publisher),
      keys_(keys),
      licenses_(licenses),
      leases_(leases),
      pools_(pools),
      metrics_(metrics),
      requests_(requests),
      trust_(trust),
      time_(time),
      link_(link),
      access_(access),
      draws_(draws),
      upstream_(upstream),
      names_(std::move(names)) {}

void FrontDesk::refresh_keys(const net::Caller& caller, JsonDone done) {
  log_request("key-refresh", caller);
  keys_.refresh();
  done(Json{{"reading", keys_.reading()}});
}

Json FrontDesk::trust() const { return trust_.show(); }

Json FrontDesk::pools() const { return pools_.pools(); }

Json FrontDesk::entries(const LicenseQuery& query) const { return pools_.entries(query); }

Json FrontDesk::authorize(Operation operation, const std::string& object) const {
  return pools_.authorize(operation, object);
}

Json FrontDesk::alerts() const { return pools_.alerts(); }

void FrontDesk::records(const RecordQuery& query, JsonDone done) {
  const auto derived = log_.view().changes(publisher_.decision().at);
  done(records_page(log_.facts(), derived, query, names_()));
}

void FrontDesk::verify_records(JsonDone done) {
  store_.verify([this, done = std::move(done)](const Result<StoreReport>& report) {
    if (report && report->leases.faults != 0) leases_.journal_damaged();
    done(report ? verdict_on(*report, names_()) : tl::make_unexpected(report.error()));
  });
}

void FrontDesk::peer_invite(const net::Caller& caller, JsonDone done) {
  log_request("peer-invite", caller);
  const auto invitation = link_.invite();
  if (!invitation) return done(tl::make_unexpected(invitation.error()));
  done(Json{{"token", invitation->token}, {"expires", format_time(invitation->expires)}});
  publisher_.publish(log_);
}

void FrontDesk::peer_join(const net::Caller& caller, std::string token, JsonDone done) {
  log_request("peer-join", caller);
  link_.join(token, [this, done = std::move(done)](const Result<void>& outcome) {
    if (!outcome) return done(tl::make_unexpected(outcome.error()));
    const auto peer = link_.status();
    done(Json{{"node", peer.node}, {"name", peer.name}});
  });
}

}  // namespace latchkey
