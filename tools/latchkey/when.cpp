#include "tools/latchkey/when.h"

#include <vector>

namespace latchkey::cli {
namespace {

std::string count(std::int64_t number, std::string_view unit) {
  return std::to_string(number).append(" ").append(unit);
}

}  // namespace

std::string in_words(Duration span) {
  using namespace std::chrono;
  const auto days = floor<std::chrono::days>(span).count();
  const auto hours = floor<std::chrono::hours>(span).count() % 24;
  const auto minutes = floor<std::chrono::minutes>(span).count() % 60;
  if (days > 0)
    return count(days, days == 1 ? "day" : "days") + (hours > 0 ? " " + count(hours, "h") : "");
  if (hours > 0) return count(hours, "h") + (minutes > 0 ? " " + count(minutes, "min") : "");
  if (minutes > 0) return count(minutes, "min");
  return count(floor<seconds>(span).count(), "s");
}

std::string date(std::string_view rfc3339) {
  const auto time = parse_time(rfc3339);
  if (!time) return std::string(rfc3339);
  const auto text = format_time(*time);
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

std::string countdown(std::string_view until, std::string_view now) {
  const auto end = parse_time(until), start = parse_time(now);
  if (!end || !start) return date(until);
  if (*end <= *start) return "ended " + date(until);
  return "in " + in_words(*end - *start) + ", " + date(until);
}

}  // namespace latchkey::cli
