#include "agent/telemetry/log.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

// SPEC ALERT-2: the log is structured: one event, `name=value` fields.
TEST(Log, QuotesWhatWouldBreakALine) {
  EXPECT_EQ(log::format_line("key-read", {{"port", "3-1:7"}, {"reason", ""}}),
            R"(event=key-read port=3-1:7 reason="")");
  EXPECT_EQ(log::format_line("x", {{"text", "a \"b\" \\ c"}}), R"(event=x text="a \"b\" \\ c")");
}

// SPEC SEC-3: text from a device cannot forge a second line.
TEST(Log, EscapesControlCharacters) {
  EXPECT_EQ(log::format_line("x", {{"detail", "a\nevent=forged\x7f"}}),
            R"(event=x detail="a\x0aevent=forged\x7f")");
}

}  // namespace
}  // namespace latchkey
