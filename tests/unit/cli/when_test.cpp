#include "tools/latchkey/when.h"

#include <gtest/gtest.h>

namespace latchkey::cli {
namespace {

using namespace std::chrono_literals;

TEST(When, SaysSpansInWords) {
  const std::vector<std::pair<Duration, std::string>> rows{
      {0s, "0 s"},
      {59'999ms, "59 s"},
      {60s, "1 min"},
      {3599s, "59 min"},
      {1h, "1 h"},
      {1h + 5min, "1 h 5 min"},
      {24h - 1ms, "23 h 59 min"},
      {24h, "1 day"},
      {25h, "1 day 1 h"},
      {48h + 30min, "2 days"},
      {30 * 24h, "30 days"},
      {30 * 24h - 1ms, "29 days 23 h"},
  };
  for (const auto& [span, expected] : rows) EXPECT_EQ(in_words(span), expected);
}

TEST(When, CountsDownToTheDate) {  // SPEC BUF-8
  EXPECT_EQ(countdown("2026-02-01T00:00:00Z", "2026-01-02T00:30:00Z"),
            "in 29 days 23 h, 2026-02-01 00:00 UTC");
  EXPECT_EQ(countdown("2026-02-01T00:00:00Z", "2026-01-31T23:59:59Z"),
            "in 1 s, 2026-02-01 00:00 UTC");
  EXPECT_EQ(countdown("2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z"),
            "ended 2026-02-01 00:00 UTC");
  EXPECT_EQ(countdown("soon", "2026-02-01T00:00:00Z"), "soon");
}

}  // namespace
}  // namespace latchkey::cli
