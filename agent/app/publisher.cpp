#include "agent/app/publisher.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/answer.h"
#include "agent/app/alert_json.h"
#include "agent/systemd/notify.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

std::shared_ptr<const std::string> body_of(const Json& json) {
  return std::make_shared<const std::string>(json_text(json));
}

/// Which licenses are here follows from those.
template <class... Bodies>
bool is_one_of(const Fact& fact) {
  return (std::holds_alternative<Bodies>(fact.body) || ...);
}
constexpr auto of_licenses =
    is_one_of<LicenseImported, LicenseDeleted, LicenseWithdrawn, KeyRead, KeyGone>;

}  // namespace

Publisher::Publisher(Reactor& reactor, const Clock& clock, const Catalog& catalog,
                     Complete complete)
    : clock_(clock), catalog_(catalog), complete_(std::move(complete)), next_(reactor.alarm()) {}

void Publisher::publish(const NodeLog& log) {
  if (log.durable() || log.failing()) tell(log);
}

/// Time goes on while the disk refuses or does not answer: what ends by itself ends on time.
void Publisher::tell(const NodeLog& log) {
  view_.decision = log.decide_durable(clock_.now());
  complete_(view_);
  revise(log.facts());
  assess(log);
  render(log);
  schedule(log);
  if (published_) published_();
}

void Publisher::refresh(const NodeLog& log) {
  if (snapshot_.status == nullptr) return;
  complete_(view_);
  account(log);
  render(log);
}

void Publisher::revise(const FactLog& facts) {
  auto& revisions = view_.revisions;
  for (const auto& entry : facts.news(revisions.records))
    if (of_licenses(entry.stored.fact)) revisions.licenses = entry.position;
}

/// What the decision means for what may be used, and what people are told of it.
void Publisher::assess(const NodeLog& log) {
  view_.entitlements = entitle(
      view_.decision, {catalog_, view_.deployment, view_.names,
                       [&](const std::string& hash) { return documents_.find(log.facts(), hash); },
                       view_.upstream});
  account(log);
}

/// What is used of it.
void Publisher::account(const NodeLog& log) {
  const auto& consumption = view_.consumption;
  view_.capacity = capacity(view_.entitlements, consumption.usage, catalog_, consumption.reserved);
  const Standing standing{view_.decision, view_.entitlements, view_.capacity, catalog_};
  const auto durable = log.durable() ? std::vector<Fact>() : log.durable_facts();
  const std::span<const Fact> facts = log.durable() ? log.view().facts() : durable;
  auto alerts = latchkey::alerts({standing, view_.node, view_.names, facts,
                                  log.failing() ? &log.failure() : consumption.failure,
                                  view_.clock.anomalies, view_.alerts, consumption.low,
                                  view_.disconnected ? &*view_.disconnected : nullptr});
  log_alerts(view_.alerts, alerts);
  view_.alerts = std::move(alerts);
}

void Publisher::render(const NodeLog& log) {
  auto status = status_json(view_, catalog_);
  snapshot_ = {body_of(status), body_of(key_json(status)), body_of(peer_json(view_)),
               view_.entitlements.usable, !log.failing() && view_.consumption.failure == nullptr};
  status.erase("time");
  status["clock"].erase("license_time");
  status["clock"].erase("wall_time");
  status.erase("if_removed_now");
  if (auto news = json_text(status); news != news_) {
    news_ = std::move(news);
    announce();
  }
}

void Publisher::announce() {
  std::erase_if(sinks_, [&](const auto& sink) { return !sink->send("status", *snapshot_.status); });
  const auto& decision = view_.decision;
  const std::string state(to_string(decision.state));
  const auto now = state + " " + decision.reason + " " + decision.key_id;
  if (std::exchange(last_state_, now) == now) return;
  log::info(log::names::kStateChanged, {{"state", state},
                                        {"reason", decision.reason},
                                        {"key", decision.key_id},
                                        {"usable", view_.entitlements.usable ? "yes" : "no"}});
  systemd::status(state + (decision.reason.empty() ? "" : " (" + decision.reason + ")"));
}

void Publisher::schedule(const NodeLog& log) {
  auto change = view_.decision.next_change;
  if (const auto& other = view_.entitlements.next_change)
    change = std::min(change.value_or(*other), *other);
  if (!change) return next_->cancel();
  // A day at most: the wall clock may be set while we wait.
  const auto wait = std::clamp<Duration>(*change - view_.decision.at, Duration(1), kDay);
  next_->set(wait, [this, &log] { tell(log); });
}

void Publisher::watch(std::shared_ptr<net::EventSink> sink) {
  std::erase_if(sinks_, [](const auto& old) { return !old->open(); });
  sinks_.push_back(std::move(sink));
}

}  // namespace latchkey
