#include "core/base/time.h"

#include <cstdio>

namespace latchkey {
namespace {

using namespace std::chrono;

/// Reads exactly `width` digits at `position`, or -1.
int digits(std::string_view text, std::size_t position, std::size_t width) {
  int value = 0;
  if (position + width > text.size()) return -1;
  for (const char c : text.substr(position, width)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// Milliseconds of a `.fraction`; digits past the third are dropped, -1 when malformed.
int fraction_ms(std::string_view fraction) {
  if (fraction.empty()) return 0;
  if (fraction.size() < 2 || fraction.size() > 10 || fraction[0] != '.') return -1;
  int value = 0;
  for (std::size_t i = 1; i < fraction.size(); ++i) {
    const int digit = digits(fraction, i, 1);
    if (digit < 0) return -1;
    if (i <= 3) value = value * 10 + digit;
  }
  for (std::size_t i = fraction.size(); i <= 3; ++i) value *= 10;
  return value;
}

}  // namespace

std::string format_time(Time time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[48];
  const auto count = static_cast<int>(clock.subseconds().count());
  int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", int(date.year()),
                           unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                           int(clock.minutes().count()), int(clock.seconds().count()));
  std::string out(text, static_cast<std::size_t>(size));
  if (count != 0) {
    size = std::snprintf(text, sizeof text, ".%03d", count);
    out.append(text, static_cast<std::size_t>(size));
  }
  return out + "Z";
}

std::optional<Time> parse_time(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z')
    return std::nullopt;
  const int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  const int ms = fraction_ms(text.substr(19, text.size() - 20));
  if (y < 1970 || mo < 0 || d < 0 || h < 0 || mi < 0 || s < 0 || ms < 0) return std::nullopt;
  const year_month_day date{year(y), month(unsigned(mo)), day(unsigned(d))};
  if (!date.ok() || h > 23 || mi > 59 || s > 59) return std::nullopt;
  return Time(sys_days(date).time_since_epoch() + hours(h) + minutes(mi) + seconds(s) +
              milliseconds(ms));
}

std::optional<Time> parse_day_or_time(std::string_view text) {
  constexpr std::size_t kDaySize = 10;
  return parse_time(text.size() == kDaySize ? std::string(text) + "T00:00:00Z" : std::string(text));
}

}  // namespace latchkey
