#include "agent/api/usage_body.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

std::string item(int number) {
  return R"({"object":"o)" + std::to_string(number) + R"(","unit":"u","quantity":1})";
}

std::string items(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += (list.empty() ? "" : ",") + item(i);
  return R"({"usage":[)" + list + "]}";
}

// SPEC POOL-3
TEST(UsageBody, IsRead) {
  UsageStatement out;
  ASSERT_TRUE(read_usage(R"({"ttl_s":300,"request":"r 1","token":"abc",
      "usage":[{"unit":"cpu-socket","quantity":4,"object":"kvm"},
               {"object":"kvm","unit":"host","quantity":0}]})",
                         out));
  EXPECT_EQ(out.usage, (std::vector<UsageItem>{{{"kvm", "cpu-socket"}, 4}, {{"kvm", "host"}, 0}}));
  EXPECT_EQ(out.ttl_s, 300u);
  EXPECT_EQ(out.request, "r 1");
  EXPECT_EQ(out.token, "abc");
  ASSERT_TRUE(read_usage(R"({"usage":[]})", out)) << "nothing is left of the one before";
  EXPECT_TRUE(out.usage.empty() && out.request.empty() && out.token.empty());
  EXPECT_EQ(out.ttl_s, kDefaultTtl);
  EXPECT_TRUE(read_usage(items(kMaxLeaseItems), out));
}

// SEC-3
TEST(UsageBody, RefusesEverythingElse) {
  const std::string rows[] = {
      "",
      "null",
      "[]",
      "{}",
      "4",
      R"({"usage":[]} x)",
      R"({"usage":[]}{"usage":[]})",
      R"({"usage":{}})",
      R"({"usage":[[]]})",
      R"({"usage":[],"usage":[]})",
      R"({"usage":[],"more":1})",
      R"({"ttl_s":60})",
      R"({"usage":[],"ttl_s":0})",
      R"({"usage":[],"ttl_s":86401})",
      R"({"usage":[],"ttl_s":"60"})",
      R"({"usage":[],"ttl_s":60.5})",
      R"({"usage":[],"ttl_s":-1})",
      R"({"usage":[],"ttl_s":{"usage":[]}})",
      R"({"usage":[],"request":""})",
      R"({"usage":[],"request":"a\u0000b"})",
      R"({"usage":[],"request":")" + std::string(65, 'r') + "\"}",
      R"({"usage":[],"token":")" + std::string(9000, 't') + "\"}",
      R"({"usage":[{"object":"kvm","unit":"host"}]})",
      R"({"usage":[{"object":"kvm","unit":"host","quantity":1,"quantity":2}]})",
      R"({"usage":[{"object":"kvm","unit":"host","quantity":1,"x":2}]})",
      R"({"usage":[{"object":"k m","unit":"host","quantity":1}]})",
      R"({"usage":[{"object":"","unit":"host","quantity":1}]})",
      R"({"usage":[{"object":"kvm","unit":"ho\"st","quantity":1}]})",
      R"({"usage":[{"object":"kvm","unit":"host","quantity":1099511627777}]})",
      R"({"usage":[{"object":"kvm","unit":"host","quantity":true}]})",
      R"({"usage":[{"object":"kvm","unit":"host","quantity":null}]})",
      R"({"usage":[)" + item(1) + "," + item(1) + "]}",
      items(kMaxLeaseItems + 1),
      "{\"usage\":[{\"object\":\"\xff\",\"unit\":\"u\",\"quantity\":1}]}",
      std::string(100'000, '['),
  };
  UsageStatement out;
  for (const auto& row : rows) {
    const auto read = read_usage(row, out);
    ASSERT_FALSE(read) << row.substr(0, 100);
    EXPECT_EQ(read.error().code, "bad-request");
    EXPECT_FALSE(read.error().cure.empty());
  }
}

}  // namespace
}  // namespace latchkey
