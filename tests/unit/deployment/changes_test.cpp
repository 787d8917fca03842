#include "core/deployment/changes.h"

#include <gtest/gtest.h>

#include "core/deployment/witness.h"

namespace latchkey {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Time kStart{hours(24 * 365 * 56)};

KeyReading working(const std::string& id) {
  return {
      {}, id, LicenseSummary{"doc-" + id, "lic", kStart, {{kStart, kStart + 400 * kDay}}}, {}, ""};
}

std::string told(const Change& change) {
  const auto day = std::to_string((change.at - kStart) / kDay);
  switch (change.kind) {
    case Change::Kind::state:
      return day + " " + std::string(to_string(change.before)) + ">" +
             std::string(to_string(change.state)) + " " + change.reason + " " + change.key_id;
    case Change::Kind::buffer_started:
      return day + " buffer of " + change.key_id + " until " +
             std::to_string((change.until - kStart) / kDay);
    case Change::Kind::buffer_ended:
      return day + " end of " + change.key_id + " " + change.reason;
  }
  return {};
}

struct Step {
  int day;
  std::string put;  // a key, or nothing: the key is pulled
};

// SPEC REC-1: what follows from the facts is a record too
TEST(Changes, FollowFromTheFacts) {
  using Lines = std::vector<std::string>;
  const struct {
    const char* story;
    std::vector<Step> steps;
    int now;
    Lines lines;
  } rows[] = {
      {"nothing ever happened", {}, 9, {}},
      {"a key", {{0, "X"}}, 9, {"0 Missing>Ready  X"}},
      {"a buffer runs",
       {{0, "X"}, {1, ""}},
       30,
       {"0 Missing>Ready  X", "1 buffer of X until 31", "1 Ready>Missing removed "}},
      {"a buffer runs out, to the instant",
       {{0, "X"}, {1, ""}},
       31,
       {"0 Missing>Ready  X", "1 buffer of X until 31", "1 Ready>Missing removed ",
        "31 end of X over"}},
      {"the key comes back",
       {{0, "X"}, {1, ""}, {2, "X"}},
       90,
       {"0 Missing>Ready  X", "1 buffer of X until 31", "1 Ready>Missing removed ",
        "2 end of X returned", "2 Missing>Ready  X"}},
      {"it comes back after the end",
       {{0, "X"}, {1, ""}, {40, "X"}},
       90,
       {"0 Missing>Ready  X", "1 buffer of X until 31", "1 Ready>Missing removed ",
        "31 end of X over", "40 Missing>Ready  X"}},
      {"another key takes its place",  // SPEC KEY-9
       {{0, "X"}, {1, ""}, {2, "Y"}},
       90,
       {"0 Missing>Ready  X", "1 buffer of X until 31", "1 Ready>Missing removed ",
        "2 end of X replaced", "2 Missing>Ready  Y"}},
      {"an inherited buffer that is over",  // SPEC BUF-3
       {{0, "X"}, {1, ""}, {40, "X"}, {50, ""}},
       90,
       {"0 Missing>Ready  X", "1 buffer of X until 31", "1 Ready>Missing removed ",
        "31 end of X over", "40 Missing>Ready  X", "50 buffer of X until 31",
        "50 Ready>Missing removed "}},
  };
  for (const auto& row : rows) {
    Witness node({"a", "chain"});
    for (const auto& [day, put] : row.steps) {
      if (put.empty())
        node.key_gone(kStart + day * kDay, "p");
      else
        node.key_read(kStart + day * kDay, "p", "fake", working(put));
    }
    Lines lines;
    for (const auto& change : changes(node.facts(), {"a"}, kStart + row.now * kDay)) {
      EXPECT_LE(change.cause->at, change.at);
      lines.push_back(told(change));
    }
    EXPECT_EQ(lines, row.lines) << row.story;
  }
}

// SPEC KEY-11: with hindsight there was no removal
TEST(Changes, AHealedRemovalLeavesNone) {
  Witness node({"a", "chain"});
  node.key_read(kStart, "p", "fake", working("X"));
  node.key_gone(kStart + kDay, "p");
  const auto at_once = changes(node.facts(), {"a"}, kStart + kDay);
  EXPECT_EQ(at_once.size(), 3u);
  node.key_read(kStart + kDay + seconds(2), "p", "fake", working("X"));
  EXPECT_EQ(changes(node.facts(), {"a"}, kStart + kDay + seconds(2)).size(), 1u);
}

}  // namespace
}  // namespace latchkey
