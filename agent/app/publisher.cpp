#include "agent/app/publisher.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/systemd/notify.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

/// How long a history warning stays in the status; it stays in the records for good.
constexpr Duration kWarningLife = 30 * kDay;

std::vector<StatusWarning> warnings_of(const NodeLog& log, Time now) {
  std::vector<StatusWarning> warnings;
  if (log.failing()) warnings.push_back({log.failure().code, log.failure().message});
  for (const auto& fact : log.view().facts()) {
    const auto* warning = std::get_if<HistoryWarning>(&fact.body);
    if (warning != nullptr && fact.at + kWarningLife > now)
      warnings.push_back({warning->code, warning->detail});
  }
  return warnings;
}

std::shared_ptr<const std::string> body_of(const Json& json) {
  return std::make_shared<const std::string>(
      json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Publisher::Publisher(Reactor& reactor, const Clock& clock, Complete complete)
    : clock_(clock), complete_(std::move(complete)), next_(reactor.alarm()) {}

void Publisher::publish(const NodeLog& log) {
  if (!log.durable() && !log.failing()) return;
  const Time now = clock_.now();
  // While the disk refuses, the last durable state stands, with a warning.
  if (log.durable() || snapshot_.status == nullptr) view_.decision = log.decide(now);
  view_.warnings = warnings_of(log, now);
  complete_(view_);
  render();
  schedule(log);
  if (published_) published_();
}

void Publisher::render() {
  auto status = status_json(view_);
  snapshot_ = {body_of(status), body_of(key_json(status)), body_of(peer_json(view_)),
               view_.decision.usable};
  status.erase("time");
  status["clock"].erase("license_time");
  status["clock"].erase("wall_time");
  status.erase("if_removed_now");
  if (auto news = status.dump(-1, ' ', false, Json::error_handler_t::replace); news != news_) {
    news_ = std::move(news);
    announce();
  }
}

void Publisher::tell_anomalies() {
  std::set<std::string> codes;
  for (const auto& anomaly : view_.clock.anomalies) {
    codes.insert(anomaly.code);
    if (anomalies_.count(anomaly.code) == 0)
      log::warning(log::names::kClockAnomaly, {{"code", anomaly.code}, {"detail", anomaly.text}});
  }
  if (codes.empty() && !anomalies_.empty()) log::info(log::names::kClockAgrees);
  anomalies_ = std::move(codes);
}

void Publisher::announce() {
  tell_anomalies();
  std::erase_if(sinks_, [&](const auto& sink) { return !sink->send("status", *snapshot_.status); });
  const auto& decision = view_.decision;
  const std::string state(to_string(decision.state));
  const auto now = state + " " + decision.reason + " " + decision.key_id;
  if (std::exchange(last_state_, now) == now) return;
  log::info(log::names::kStateChanged, {{"state", state},
                                        {"reason", decision.reason},
                                        {"key", decision.key_id},
                                        {"usable", decision.usable ? "yes" : "no"}});
  systemd::status(state + (decision.reason.empty() ? "" : " (" + decision.reason + ")"));
}

void Publisher::schedule(const NodeLog& log) {
  const auto change = view_.decision.next_change;
  if (!change) return next_->cancel();
  // A day at most: the wall clock may be set while we wait.
  const auto wait = std::clamp<Duration>(*change - view_.decision.at, Duration(1), kDay);
  next_->set(wait, [this, &log] { publish(log); });
}

void Publisher::watch(std::shared_ptr<net::EventSink> sink) {
  std::erase_if(sinks_, [](const auto& old) { return !old->open(); });
  sinks_.push_back(std::move(sink));
}

}  // namespace latchkey
