#include "agent/net/event_parser.h"

#include <gtest/gtest.h>

#include <vector>

namespace latchkey::net {
namespace {

using State = EventParser::State;

TEST(EventParser, ReadsEventsInPiecesOfAnySize) {
  const std::string_view bytes =
      ": a comment\nevent: status\ndata: {\"a\":\ndata: 1}\n\nevent: empty\n\ndata:x\r\nid: "
      "7\r\n\r\ndata: half";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    EventParser parser;
    std::vector<std::string> events;
    const auto take = [&](std::string_view event, std::string_view data) {
      events.push_back(std::string(event) + "=" + std::string(data));
      return true;
    };
    for (std::size_t at = 0; at < bytes.size(); at += step)
      EXPECT_EQ(parser.feed(bytes.substr(at, step), take), State::more);
    EXPECT_EQ(events, (std::vector<std::string>{"status={\"a\":\n1}", "=x"})) << step;
  }
}

TEST(EventParser, StopsWhenTold) {
  EventParser parser;
  int seen = 0;
  EXPECT_EQ(parser.feed("data: 1\n\ndata: 2\n\n", [&](auto, auto) { return ++seen < 1; }),
            State::stopped);
  EXPECT_EQ(seen, 1);
}

TEST(EventParser, BoundsAnEvent) {  // SPEC SEC-3
  const std::string piece(1 << 20, 'x');
  for (const auto* between : {"", "\ndata: "}) {
    EventParser parser;
    auto state = State::more;
    for (int i = 0; i < 20 && state == State::more; ++i)
      state = parser.feed((i == 0 ? "data: " : between) + piece, [](auto, auto) { return true; });
    EXPECT_EQ(state, State::too_large);
  }
}

}  // namespace
}  // namespace latchkey::net
