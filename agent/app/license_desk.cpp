#include "agent/app/license_desk.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/answer.h"
#include "agent/app/license_records.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/deployment/deletable.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

}  // namespace

LicenseDesk::LicenseDesk(Parts parts, std::string self, KeyWriter write, Patience patience)
    : parts_(std::move(parts)),
      self_(std::move(self)),
      acknowledger_(parts_.reactor, parts_.clock, parts_.log, parts_.link, self_, patience),
      writer_(self_, parts_.log, parts_.keys, std::move(write), [this] { acknowledger_.look(); }),
      work_(parts_.reactor),
      review_(parts_.log, parts_.settings, work_),
      intake_({parts_.clock, parts_.log, parts_.settings, parts_.catalog, parts_.premises, writer_,
               parts_.documents, work_, acknowledger_, self_,
               [this](const std::string& document, const TrustStore* by) {
                 review_.passed(document, by);
               },
               parts_.repair_time}) {}

/// Stays there as long as the documents.
const LicenseDocument* LicenseDesk::find(const std::string& hash) const {
  const auto stored = parts_.documents.find(parts_.log.facts(), hash);
  return stored ? &stored->document : nullptr;
}

void LicenseDesk::remove(const net::Caller& caller, const std::string& id, JsonDone done) {
  auto deleted = deletable(parts_.log.decide(parts_.clock.now()), id,
                           [this](const std::string& hash) { return find(hash); });
  if (!deleted) return done(tl::make_unexpected(deleted.error()));
  deleted->by = caller.name;
  parts_.log.witness([&](Witness& w, Time now) { w.license_deleted(now, *deleted); });
  const auto durable = [id, by = caller.name] {
    log::info(log::names::kLicenseDeleted, {{"id", id}, {"by", by}});
  };
  const auto answer = [this, id, document = deleted->document,
                       done = std::move(done)](const Acknowledger::Outcome& outcome) {
    if (!outcome.durable) return done(Acknowledger::not_durable("the deletion"));
    done(Json{{"id", id},
              {"document", document},
              {"nodes", acknowledger_.nodes(outcome, parts_.premises().names)}});
  };
  acknowledger_.wait([](const Decision&, bool) { return true; }, durable, answer);
}

void LicenseDesk::published(const Decision& decision) {
  review_.review(decision);
  writer_.write_missing(decision);
  acknowledger_.look();
}

std::shared_ptr<LicenseView> LicenseDesk::view() {
  const auto view = std::make_shared<LicenseView>(LicenseView{
      parts_.log.decide_durable(parts_.clock.now()), parts_.catalog, parts_.premises(), {}});
  const auto& decision = view->decision;
  for (const auto& kept : decision.kept) add(*view, kept.license.document);
  for (const auto& key : decision.keys)
    for (const auto& license : {key.reading.license, key.holding.license})
      if (license) add(*view, license->document);
  if (decision.buffer) add(*view, decision.buffer->license.document);
  return view;
}

void LicenseDesk::add(LicenseView& view, const std::string& hash) {
  if (view.documents.count(hash) != 0) return;
  if (auto stored = parts_.documents.find(parts_.log.facts(), hash))
    view.documents.emplace(hash, std::move(stored));
}

void LicenseDesk::list(const LicenseQuery& query, const net::Done& done) {
  const auto answer = std::make_shared<net::Response>();
  work_.run([view = view(), query, answer](
                const std::stop_token&) { *answer = json_answer(licenses_json(*view, query)); },
            [answer, done] { done(std::move(*answer)); });
}

void LicenseDesk::records(const RecordQuery& query, JsonDone done) {
  const auto view = this->view();
  const auto ledger = std::make_shared<LicenseLedger>(license_ledger(parts_.log.facts()));
  for (const auto& arrival : ledger->arrivals) add(*view, arrival.document);
  const auto page = std::make_shared<Json>();
  work_.run([view, ledger, query,
             page](const std::stop_token&) { *page = license_records_page(*ledger, *view, query); },
            [page, done = std::move(done)] { done(std::move(*page)); });
}

}  // namespace latchkey
