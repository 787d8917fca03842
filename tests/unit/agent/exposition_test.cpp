#include "agent/telemetry/exposition.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

TEST(Exposition, WritesFamiliesAndSamples) {
  Exposition page;
  page.gauge("a_seconds", "How long.");
  page.sample(-3);
  page.sample(0.25, {{"of", "x"}});
  page.counter("b_total", "How many.");
  page.sample(std::uint64_t{18446744073709551615u}, {{"of", "x"}, {"by", "y"}});
  EXPECT_EQ(page.take(),
            "# HELP a_seconds How long.\n"
            "# TYPE a_seconds gauge\n"
            "a_seconds -3\n"
            "a_seconds{of=\"x\"} 0.25\n"
            "# HELP b_total How many.\n"
            "# TYPE b_total counter\n"
            "b_total{of=\"x\",by=\"y\"} 18446744073709551615\n");
}

// SPEC SEC-3: what others named can forge neither a label nor a series.
TEST(Exposition, QuotesHostileLabels) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"plain", "plain"},
      {"", ""},
      {"a\"} 1\nforged 2", R"(a\"} 1\nforged 2)"},
      {"ends in \\", R"(ends in \\)"},
      {"\\n", R"(\\n)"},
      {"\n\n\"\"", R"(\n\n\"\")"},
      {"{}=,#", "{}=,#"},
      {"\xC3\xBC", "\xC3\xBC"},
  };
  for (const auto& [value, quoted] : rows) {
    Exposition page;
    page.gauge("a", "A.");
    page.sample(1, {{"of", value}});
    EXPECT_EQ(page.take(), "# HELP a A.\n# TYPE a gauge\na{of=\"" + quoted + "\"} 1\n");
  }
}

TEST(Exposition, AddsUpTheBucketsOfAHistogram) {
  DurationHistogram took;
  took.add(std::chrono::microseconds(10));  // the end belongs to its bucket
  took.add(std::chrono::nanoseconds(10'001));
  took.add(std::chrono::milliseconds(2));
  took.add(std::chrono::seconds(11));
  Exposition page;
  page.histogram("a_seconds", "How long.");
  page.sample(took, {{"of", "x"}});
  EXPECT_EQ(page.take(),
            "# HELP a_seconds How long.\n"
            "# TYPE a_seconds histogram\n"
            "a_seconds_bucket{of=\"x\",le=\"1e-05\"} 1\n"
            "a_seconds_bucket{of=\"x\",le=\"2.5e-05\"} 2\n"
            "a_seconds_bucket{of=\"x\",le=\"1e-04\"} 2\n"
            "a_seconds_bucket{of=\"x\",le=\"0.00025\"} 2\n"
            "a_seconds_bucket{of=\"x\",le=\"5e-04\"} 2\n"
            "a_seconds_bucket{of=\"x\",le=\"0.001\"} 2\n"
            "a_seconds_bucket{of=\"x\",le=\"0.0025\"} 3\n"
            "a_seconds_bucket{of=\"x\",le=\"0.005\"} 3\n"
            "a_seconds_bucket{of=\"x\",le=\"0.01\"} 3\n"
            "a_seconds_bucket{of=\"x\",le=\"0.025\"} 3\n"
            "a_seconds_bucket{of=\"x\",le=\"0.1\"} 3\n"
            "a_seconds_bucket{of=\"x\",le=\"1\"} 3\n"
            "a_seconds_bucket{of=\"x\",le=\"10\"} 3\n"
            "a_seconds_bucket{of=\"x\",le=\"+Inf\"} 4\n"
            "a_seconds_sum{of=\"x\"} 11.002020001\n"
            "a_seconds_count{of=\"x\"} 4\n");
}

}  // namespace
}  // namespace latchkey
