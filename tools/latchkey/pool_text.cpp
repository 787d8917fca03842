#include "tools/latchkey/pool_text.h"

#include <nlohmann/json.hpp>

#include "tools/latchkey/json_text.h"

namespace latchkey::cli {
namespace {

/// `, 3 LABEL`; nothing for none.
std::string figure(const nlohmann::json& pool, const char* name, const std::string& label) {
  const auto value = text(pool, name);
  return value.empty() || value == "0" ? "" : ", " + value + " " + label;
}

}  // namespace

std::string pool_text(const nlohmann::json& pool, const Style& style) {
  const auto status = text(pool, "status");
  std::string out = text(pool, "total") + " " + text(pool, "unit_name") + ", " +
                    text(pool, "used") + " used, " + text(pool, "available") + " available";
  out += figure(pool, "drawn", "drawn on " + text(pool, "draws_on"));
  out += figure(pool, "lent", "used by others");
  out += figure(pool, "expiring_soon", "ending soon");
  out += figure(pool, "not_yet_valid", "not valid yet");
  out += figure(pool, "expired", "expired");
  if (status == "over-quota") out += ", " + style.bad(text(pool, "over") + " over quota");
  if (status == "usage-reaches-limit") out += ", " + style.warn("usage reaches the limit");
  return out;
}

}  // namespace latchkey::cli
