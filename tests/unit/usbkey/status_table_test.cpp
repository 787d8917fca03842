#include "core/usbkey/status_table.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace latchkey {
namespace {

struct Key {
  std::string node;
  KeyReading reading;
};

Choice choose(const std::vector<Key>& keys, std::string_view before) {
  std::vector<KeyInPort> in_ports;
  for (const auto& key : keys)
    in_ports.push_back(
        {key.node, &key.reading, key.reading.license ? &*key.reading.license : nullptr});
  return choose_key(in_ports, before);
}

constexpr Time kIssued{std::chrono::hours(24 * 365 * 55)};

Key key(std::string node, std::string id, Duration issued_later = {}) {
  const LicenseSummary license{
      "doc-" + id, id, kIssued + issued_later, {{kIssued, kIssued + kDay}}};
  return {std::move(node), {{}, id, license, {}, ""}};
}

Key broken(std::string node, std::string id, KeyFault fault) {
  return {std::move(node), {fault, id, {}, {}, ""}};
}

std::vector<Key> keys(int on_a, int on_b) {
  std::vector<Key> all;
  for (int i = 0; i < on_a; ++i) all.push_back(key("a", "A" + std::to_string(i)));
  for (int i = 0; i < on_b; ++i) all.push_back(key("b", "B" + std::to_string(i)));
  return all;
}

// SPEC KEY-1 (the rows with none on b), KEY-2
TEST(StatusTable, CountsOfWorkingKeysOnTwoNodes) {
  struct Row {
    int a, b;
    KeyState state;
  };
  constexpr Row kTable[] = {
      {0, 0, KeyState::missing},  {1, 0, KeyState::ready},    {2, 0, KeyState::fault},
      {3, 0, KeyState::fault},    {1, 1, KeyState::abnormal}, {1, 2, KeyState::abnormal},
      {1, 3, KeyState::abnormal}, {2, 2, KeyState::fault},    {2, 3, KeyState::fault},
      {3, 3, KeyState::fault},
  };
  for (const auto& row : kTable) {
    EXPECT_EQ(choose(keys(row.a, row.b), "").state, row.state) << row.a << ',' << row.b;
    EXPECT_EQ(choose(keys(row.b, row.a), "").state, row.state) << row.b << ',' << row.a;
  }
}

// SPEC KEY-3
TEST(StatusTable, TheOnlyKeyDoesNotWork) {
  constexpr std::pair<KeyFault, const char*> kTable[] = {
      {KeyFault::not_genuine, "not-genuine"},     {KeyFault::unreadable, "unreadable"},
      {KeyFault::no_permission, "no-permission"}, {KeyFault::busy, "busy"},
      {KeyFault::unprovisioned, "unprovisioned"}, {KeyFault::license_invalid, "license-invalid"},
      {KeyFault::wrong_key_id, "wrong-key-id"},
  };
  for (const auto& [fault, name] : kTable) {
    const std::vector one{broken("a", "X", fault)};
    const auto choice = choose(one, "");
    EXPECT_EQ(choice.state, KeyState::fault);
    EXPECT_EQ(choice.reason, name);
    EXPECT_FALSE(choice.in_use);
    EXPECT_FALSE(message(fault).empty());
    EXPECT_FALSE(cure(fault).empty());
    EXPECT_EQ(parse_key_fault(name), fault);
  }
}

// SPEC KEY-5
TEST(StatusTable, WhichKeyIsInUse) {
  using std::chrono::hours;
  struct Row {
    const char* what;
    std::vector<Key> keys;
    const char* before;
    KeyState state;
    const char* expected;  // the key in use, or the reason of the Fault
  };
  const Row table[] = {
      {"stays", {key("a", "X"), key("b", "Y", hours(1))}, "X", KeyState::abnormal, "X"},
      {"stays among several",
       {key("a", "X"), key("a", "Z"), key("b", "Y")},
       "X",
       KeyState::abnormal,
       "X"},
      {"the one alone",
       {key("a", "X", hours(1)), key("a", "Z"), key("b", "Y")},
       "",
       KeyState::abnormal,
       "Y"},
      {"issued last", {key("a", "X"), key("b", "Y", hours(1))}, "", KeyState::abnormal, "Y"},
      {"tie: smaller ID", {key("a", "Y"), key("b", "X")}, "", KeyState::abnormal, "X"},
      {"the other works",
       {broken("a", "X", KeyFault::busy), key("b", "Y")},
       "X",
       KeyState::abnormal,
       "Y"},
      {"none works",
       {broken("a", "X", KeyFault::unreadable), broken("b", "Y", KeyFault::busy)},
       "",
       KeyState::fault,
       "busy,unreadable"},
      {"a key among several does not step in",
       {broken("a", "X", KeyFault::busy), key("b", "Y"), key("b", "Z")},
       "",
       KeyState::fault,
       "busy"},
  };
  for (auto row : table) {
    for (int order = 0; order < 2; ++order) {  // the same choice on both nodes
      const auto choice = choose(row.keys, row.before);
      EXPECT_EQ(choice.state, row.state) << row.what;
      EXPECT_EQ(choice.in_use ? choice.in_use->reading->key_id : choice.reason, row.expected)
          << row.what;
      std::reverse(row.keys.begin(), row.keys.end());
    }
  }
}

}  // namespace
}  // namespace latchkey
