#include "agent/app/alert_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;
namespace names = log::names;

bool has(std::span<const Alert> alerts, const std::string& id) {
  return std::ranges::find(alerts, id, &Alert::id) != alerts.end();
}

}  // namespace

Json alerts_json(std::span<const Alert> alerts) {
  Json list = Json::array();
  for (const auto& alert : alerts)
    list.push_back({{"id", alert.id},
                    {"severity", to_string(alert.severity)},
                    {"since", format_time(alert.since)},
                    {"until", alert.until ? Json(format_time(*alert.until)) : Json(nullptr)},
                    {"text", alert.text},
                    {"cure", alert.cure}});
  return list;
}

void log_alerts(std::span<const Alert> before, std::span<const Alert> now) {
  for (const auto& alert : now)
    if (!has(before, alert.id))
      log::warning(names::kAlertRaised, {{"id", alert.id},
                                         {"severity", std::string(to_string(alert.severity))},
                                         {"since", format_time(alert.since)},
                                         {"until", alert.until ? format_time(*alert.until) : ""},
                                         {"text", alert.text},
                                         {"cure", alert.cure}});
  for (const auto& alert : before)
    if (!has(now, alert.id)) log::info(names::kAlertCleared, {{"id", alert.id}});
}

}  // namespace latchkey
