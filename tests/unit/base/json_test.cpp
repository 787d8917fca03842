#include "core/base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace latchkey {
namespace {

constexpr JsonLimits kLimits{64, 2};

TEST(ParseJson, AcceptsWhatIsWithinTheLimits) {
  for (const auto* text : {R"({})", R"({"a":[1,2],"b":{"a":1}})", R"([{"a":1},{"a":1}])", "7"})
    EXPECT_TRUE(parse_json(text, kLimits)) << text;
}

TEST(ParseJson, RefusesWithAReason) {  // SPEC SEC-3
  const struct {
    std::string text;
    std::string_view message;
  } rows[] = {
      {"", "Not JSON."},
      {"{", "Not JSON."},
      {R"({"a":1} x)", "Not JSON."},
      {std::string("{}\0x", 4), "Not JSON."},
      {"{\"a\":\"\xff\"}", "Not JSON."},
      {R"({"a":1e999})", "Not JSON."},
      {R"({"a":1,"a":2})", "A member appears twice."},
      {R"({"b":{"a":1,"a":2}})", "A member appears twice."},
      {R"({"a":{"b":{}}})", "Nested too deeply."},
      {"[[[]]]", "Nested too deeply."},
      {std::string(65, ' '), "Larger than 64 bytes."},
  };
  for (const auto& row : rows) {
    const auto result = parse_json(row.text, kLimits);
    ASSERT_FALSE(result) << row.text;
    EXPECT_EQ(result.error().code, "invalid-format");
    EXPECT_EQ(result.error().message, row.message) << row.text;
  }
}

/// What finish() says after `read` took what it wanted from `text`; empty when all was well.
std::string fault(std::string_view text, const std::function<void(JsonObject&)>& read) {
  const auto value = nlohmann::json::parse(text);
  JsonObject object(value);
  read(object);
  const auto result = object.finish();
  return result ? "" : result.error().message;
}

TEST(JsonObjectTest, EachGetterRefusesWhatItIsNotFor) {
  using Read = std::function<void(JsonObject&)>;
  const Read text = [](auto& o) { o.text("a", 3); };
  const Read name = [](auto& o) { o.name("a", 3); };
  const Read number = [](auto& o) { o.number("a", 1, 9); };
  const Read time = [](auto& o) { o.time("a"); };
  const Read hex = [](auto& o) { o.hex("a", 2); };
  const Read names = [](auto& o) { o.names("a", 2, 3); };
  const Read objects = [](auto& o) { o.objects("a", 1, 2, [](auto&) {}); };
  const Read texts = [](auto& o) { o.texts("a", 1, 3); };
  const Read inner = [](auto& o) { o.object("a", [](auto& i) { i.number("b", 0, 1); }); };
  const struct {
    std::string_view text;
    Read read;
    bool good;
  } rows[] = {
      {R"({"a":"xyz"})", text, true},
      {R"({"a":"wxyz"})", text, false},
      {R"({"a":""})", text, false},
      {R"({"a":1})", text, false},
      {R"({"a":"\u0000"})", text, false},
      {R"({})", text, false},
      {R"({"a":"x","b":1})", text, false},
      {R"([])", text, false},
      {R"({"a":"x-1"})", name, true},
      {R"({"a":"x 1"})", name, false},
      {R"({"a":1})", number, true},
      {R"({"a":9})", number, true},
      {R"({"a":0})", number, false},
      {R"({"a":10})", number, false},
      {R"({"a":-1})", number, false},
      {R"({"a":1.0})", number, false},
      {R"({"a":"1"})", number, false},
      {R"({"a":"2026-01-01T00:00:00Z"})", time, true},
      {R"({"a":"2026-01-01"})", time, false},
      {R"({"a":"00ff"})", hex, true},
      {R"({"a":"00FF"})", hex, false},
      {R"({"a":"00f"})", hex, false},
      {R"({"a":"00fg"})", hex, false},
      {R"({"a":["x","y"]})", names, true},
      {R"({})", names, true},
      {R"({"a":["x","y","z"]})", names, false},
      {R"({"a":["wxyz"]})", names, false},
      {R"({"a":"x"})", names, false},
      {R"({"a":[{}]})", objects, true},
      {R"({"a":[]})", objects, false},
      {R"({"a":[{},{},{}]})", objects, false},
      {R"({"a":[1]})", objects, false},
      {R"({"a":{"b":"x y"}})", texts, true},
      {R"({})", texts, true},
      {R"({"a":{"b":"x","c":"y"}})", texts, false},
      {R"({"a":{"b c":"x"}})", texts, false},
      {R"({"a":{"":"x"}})", texts, false},
      {R"({"a":{"b":"wxyz"}})", texts, false},
      {R"({"a":{"b":1}})", texts, false},
      {R"({"a":["x"]})", texts, false},
      {R"({"a":{"b":1}})", inner, true},
      {R"({"a":{"b":2}})", inner, false},
      {R"({"a":{"b":1,"c":1}})", inner, false},
      {R"({"a":1})", inner, false},
  };
  for (const auto& row : rows) EXPECT_EQ(fault(row.text, row.read).empty(), row.good) << row.text;
}

TEST(JsonObjectTest, NamesThePathOfTheFirstFault) {
  const auto message = fault(R"({"list":[{"n":1},{"n":"x"}],"other":1})", [](JsonObject& o) {
    o.objects("list", 0, 9, [](JsonObject& item) { item.number("n", 0, 9); });
  });
  EXPECT_EQ(message, "Not as the format asks: list[1]: n: not a whole number in range.");
}

}  // namespace
}  // namespace latchkey
