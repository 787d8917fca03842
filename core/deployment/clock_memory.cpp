#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "core/deployment/license_clock.h"

namespace latchkey {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{4096, 2};
constexpr std::size_t kMaxBootId = 64;
constexpr std::uint64_t kMaxMillis = std::uint64_t{1} << 46;  // some two thousand years

Duration read_millis(JsonObject& object, std::string_view name) {
  return Duration(object.number(name, 0, kMaxMillis));
}

Suspicion read_suspicion(JsonObject& object) {
  Suspicion out;
  out.since = object.time("since");
  out.claimed = object.time("claimed");
  out.endured = read_millis(object, "endured_ms");
  return out;
}

}  // namespace

std::string serialise(const ClockMemory& memory) {
  json out{{"floor", format_time(memory.floor)},
           {"boot_ms", memory.boot.count()},
           {"anchored", memory.anchored ? 1 : 0},
           {"settled", memory.settled ? 1 : 0},
           {"stretched_ms", memory.stretched.count()}};
  if (!memory.boot_id.empty()) out["boot_id"] = memory.boot_id;
  if (const auto& suspicion = memory.suspicion)
    out["suspicion"] = {{"since", format_time(suspicion->since)},
                        {"claimed", format_time(suspicion->claimed)},
                        {"endured_ms", suspicion->endured.count()}};
  return out.dump();
}

Result<ClockMemory> parse_clock_memory(std::string_view text) {
  LK_TRY(const auto value, parse_json(text, kLimits));
  JsonObject object(value);
  ClockMemory out;
  out.floor = object.time("floor");
  out.boot = read_millis(object, "boot_ms");
  if (object.has("boot_id")) out.boot_id = object.text("boot_id", kMaxBootId);
  out.anchored = object.number("anchored", 0, 1) == 1;
  out.settled = object.number("settled", 0, 1) == 1;
  out.stretched = read_millis(object, "stretched_ms");
  if (object.has("suspicion"))
    object.object("suspicion", [&](JsonObject& item) { out.suspicion = read_suspicion(item); });
  LK_CHECK(object.finish());
  return out;
}

}  // namespace latchkey
