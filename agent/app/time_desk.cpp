#include "agent/app/time_desk.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;
namespace names = log::names;

Result<void> check_deployment(const TimeRepair& repair, const Identity& identity) {
  if (repair.deployment == identity.deployment_id()) return {};
  return fail("wrong-environment", "This time repair is for another deployment.",
              "Order one for this deployment; `latchkey status --json` shows its id.");
}

}  // namespace

TimeDesk::TimeDesk(Parts parts, Patience patience)
    : parts_(std::move(parts)),
      acknowledger_(parts_.reactor, parts_.clock, parts_.log, parts_.link,
                    parts_.identity.node_id(), patience) {}

void TimeDesk::install(const net::Caller& caller, const std::string& envelope, JsonDone done) {
  const auto bytes = as_bytes(envelope);
  const auto hash = content_hash(bytes);
  const auto answer = [this, hash, by = caller.name,
                       done = std::move(done)](const Result<Json>& result) {
    if (!result) {
      const auto& error = result.error();
      log::warning(names::kTimeRepairRefused,
                   {{"code", error.code}, {"detail", error.message}, {"by", by}});
      parts_.log.witness([&](Witness& w, Time now) {
        w.import_refused(now, {error.code, error.message, by, "file", hash});
      });
    }
    done(result);
  };
  const auto repair = parts_.settings.get().first->verify_time_repair(bytes);
  if (!repair) return answer(tl::make_unexpected(repair.error()));
  use(*repair, {hash, Bytes(bytes.begin(), bytes.end())}, caller.name, answer);
}

Result<RepairPlan> TimeDesk::plan(const TimeRepair& repair) const {
  LK_CHECK(check_deployment(repair, parts_.identity));
  return plan_repair(
      repair, {parts_.log.view().recorded(), parts_.identity.node_id(), parts_.clock.times()});
}

void TimeDesk::use(const TimeRepair& repair, Document document, const std::string& by,
                   JsonDone done) {
  parts_.log.note_jump();
  if (const auto planned = plan(repair); !planned)
    return done(tl::make_unexpected(planned.error()));
  if (parts_.log.failing()) return done(tl::make_unexpected(parts_.log.failure()));
  apply(repair, std::move(document), by, std::move(done));
}

/// What was written until now stays in the old chain.
void TimeDesk::apply(const TimeRepair& repair, Document document, const std::string& by,
                     JsonDone done) {
  if (!parts_.log.durable())
    return parts_.log.when_durable(
        [this, repair, document = std::move(document), by, done = std::move(done)]() mutable {
          apply(repair, std::move(document), by, std::move(done));
        });
  auto planned = plan(repair);  // facts may have come since
  if (!planned) return done(tl::make_unexpected(planned.error()));
  planned->repaired.document = document.hash;
  planned->repaired.by = by;
  const auto set_back = [this, time = planned->license] {
    const auto now = parts_.clock.repair(time);
    // In the turn that asks for the fact to be written, so in its transaction.
    parts_.store.keep_clock(parts_.clock.memory(), [](const Result<void>&) {});
    return now;
  };
  const auto outcome =
      parts_.log.repair_time(set_back, std::move(planned->repaired), std::move(document));
  if (!outcome) return done(tl::make_unexpected(outcome.error()));
  log::warning(names::kTimeRepaired,
               {{"id", repair.id}, {"time", format_time(planned->license)}, {"by", by}});
  parts_.repaired();
  acknowledge(repair.id, std::move(done));
}

void TimeDesk::acknowledge(const std::string& id, JsonDone done) {
  const auto answer = [this, id, done = std::move(done)](const Acknowledger::Outcome& outcome) {
    if (!outcome.durable) return done(Acknowledger::not_durable("the time repair"));
    done(Json{{"id", id},
              {"license_time", format_time(parts_.clock.now())},
              {"nodes", acknowledger_.nodes(outcome, parts_.names())}});
  };
  acknowledger_.wait([](const Decision&, bool) { return true; }, [] {}, answer);
}

Result<void> TimeDesk::check(const TimeRepaired& repaired, ByteView document,
                             const std::vector<ByteView>& bundles) const {
  auto trust = *parts_.settings.get().first;
  for (const auto bundle : bundles) static_cast<void>(trust.accept(bundle));
  LK_TRY(const auto repair, trust.verify_time_repair(document));
  LK_CHECK(check_deployment(repair, parts_.identity));
  if (repair.id == repaired.id && repair.time == repaired.time) return {};
  return fail("time-repair-refused", "the peer's time repair is not what its document says");
}

void TimeDesk::look() {
  if (!parts_.clock.is_ahead_of_peer()) return;
  const auto trust = parts_.settings.get().first;
  for (const auto& entry : parts_.log.facts().entries()) {
    const auto& fact = entry.stored.fact;
    const auto* repaired = std::get_if<TimeRepaired>(&fact.body);
    const auto* document = repaired ? parts_.log.facts().document(repaired->document) : nullptr;
    if (document == nullptr || fact.node == parts_.identity.node_id()) continue;
    const auto repair = trust->verify_time_repair(*document);
    if (!repair || !plan(*repair)) continue;
    return use(*repair, {repaired->document, *document}, repaired->by, [](const Result<Json>&) {});
  }
}

}  // namespace latchkey
