#include "core/license/time_repair.h"

#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

constexpr JsonLimits kLimits{4 * 1024, 1};
constexpr std::size_t kMaxName = 64;

}  // namespace

Result<TimeRepair> parse_time_repair(ByteView payload) {
  LK_TRY(const auto value, parse_json(as_text(payload), kLimits));
  JsonObject object(value);
  TimeRepair out;
  out.id = object.name("id", kMaxName);
  out.deployment = object.hex("deployment", Digest().size());
  out.issuer = object.name("issuer", kMaxName);
  out.time = object.time("time");
  out.until = object.time("until");
  if (out.until <= out.time || out.until - out.time > kTimeRepairLife)
    object.reject("until", "is not within 14 days after `time`");
  LK_CHECK(object.finish());
  return out;
}

std::string serialise(const TimeRepair& repair) {
  return nlohmann::json{{"id", repair.id},
                        {"deployment", repair.deployment},
                        {"issuer", repair.issuer},
                        {"time", format_time(repair.time)},
                        {"until", format_time(repair.until)}}
      .dump();
}

}  // namespace latchkey
