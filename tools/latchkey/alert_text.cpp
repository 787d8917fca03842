#include "tools/latchkey/alert_text.h"

#include <nlohmann/json.hpp>

#include "tools/latchkey/json_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {

std::string alert_text(const nlohmann::json& alert, const std::string& now, const Style& style) {
  const auto severity = text(alert, "severity"), until = text(alert, "until");
  const std::string gap(severity.size() < 10 ? 10 - severity.size() : 1, ' ');
  return (severity == "critical" ? style.bad(severity) : style.warn(severity)) + gap +
         text(alert, "id") + "  " + text(alert, "text") +
         (until.empty() ? "" : " (" + countdown(until, now) + ")");
}

}  // namespace latchkey::cli
