#include "agent/net/target.h"

#include <gtest/gtest.h>

namespace latchkey::net {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

TEST(Target, SplitsAndDecodes) {
  struct Row {
    std::string_view target;
    std::string path;
    Query query;
  };
  const std::vector<Row> rows{
      {"/", "/", {}},
      {"/v1/status", "/v1/status", {}},
      {"/v1/records?kind=key-read&limit=5", "/v1/records", {{"kind", "key-read"}, {"limit", "5"}}},
      {"/a%20b%2Fc", "/a b/c", {}},
      {"/p?q=a+b%2B", "/p", {{"q", "a b+"}}},
      {"/p?flag&&x=", "/p", {{"flag", ""}, {"x", ""}}},
      {"/p?a=1=2", "/p", {{"a", "1=2"}}},
      {"/a+b", "/a+b", {}},
      {"/p?", "/p", {}},
  };
  std::string path = "left over";
  Query query{{"left", "over"}};
  for (const auto& row : rows) {
    ASSERT_TRUE(parse_target(row.target, path, query)) << row.target;
    EXPECT_EQ(path, row.path);
    EXPECT_EQ(query, row.query) << row.target;
  }
}

TEST(Target, RefusesWhatIsMalformed) {  // SPEC SEC-3
  std::string many = "/p?";
  for (int i = 0; i < 33; ++i) many += "a=1&";
  const std::vector<std::string> rows{"",       "*",      "http://host/v1/status",
                                      "/%",     "/%4",    "/%zz",
                                      "/a%00b", "/a%0Ab", "/%7f",
                                      "/p?a=%", "/p?%=1", "v1/status",
                                      many};
  std::string path;
  Query query;
  for (const auto& row : rows) {
    const auto parsed = parse_target(row, path, query);
    ASSERT_FALSE(parsed) << row;
    EXPECT_EQ(parsed.error().code, "bad-request");
  }
}

}  // namespace
}  // namespace latchkey::net
