#include "agent/net/crowd.h"

#include <gtest/gtest.h>

#include <vector>

// SPEC SEC-3: who makes room at the door.
namespace latchkey::net {
namespace {

struct Guest {
  const char* address;
  bool begun;
};

struct Case {
  const char* what;
  std::vector<Guest> guests;  ///< in the order in which they came
  std::vector<Crowd::Number> go;
};

TEST(Crowd, WhoGoes) {
  const std::vector<Case> cases{
      {"the oldest of one address", {{"a", false}, {"a", false}, {"a", false}}, {0, 1, 2}},
      {"of the address that has the most",
       {{"far", false}, {"flood", false}, {"flood", false}, {"flood", false}},
       {1, 2, 0, 3}},
      {"the silent before those who have begun",
       {{"a", true}, {"b", true}, {"b", true}, {"c", false}},
       {3, 1, 0, 2}},
      {"a flood of true handshakes pushes out its own",
       {{"far", true}, {"flood", true}, {"flood", true}, {"flood", true}},
       {1, 2, 0, 3}},
      {"who came first, when each has an address of its own",
       {{"z", false}, {"m", false}, {"a", false}},
       {0, 1, 2}},
  };
  for (const auto& given : cases) {
    SCOPED_TRACE(given.what);
    Crowd crowd;
    for (Crowd::Number number = 0; number < given.guests.size(); ++number) {
      crowd.add(number, given.guests[number].address);
      if (given.guests[number].begun) crowd.began(number);
    }
    for (const auto expected : given.go) {
      ASSERT_EQ(crowd.first_to_go(), expected);
      crowd.remove(expected);
    }
    EXPECT_EQ(crowd.size(), 0U);
  }
}

TEST(Crowd, WhoLeavesIsNotCounted) {
  Crowd crowd;
  for (Crowd::Number number = 0; number < 4; ++number) crowd.add(number, number < 3 ? "a" : "b");
  crowd.began(0);
  crowd.remove(0);
  crowd.remove(0);
  crowd.remove(1);
  crowd.began(1);
  EXPECT_EQ(crowd.size(), 2U);
  EXPECT_EQ(crowd.first_to_go(), 2U);
}

}  // namespace
}  // namespace latchkey::net
