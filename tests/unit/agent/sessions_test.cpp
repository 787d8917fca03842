#include "agent/app/sessions.h"

#include <gtest/gtest.h>

#include "agent/app/rate_limit.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using Instant = Sessions::Instant;

constexpr Instant kLogin{1000h};

/// As a browser sends it back.
std::string cookie_of(const Sessions::Opened& opened) {
  return opened.cookie.substr(0, opened.cookie.find(';'));
}

TEST(Sessions, EndByThemselves) {  // SPEC SEC-2
  struct Row {
    const char* name;
    std::chrono::seconds used, asked;
    bool open;
  };
  const Row rows[] = {
      {"at once", 0s, 0s, true},
      {"within half an hour", 0s, 30min - 1s, true},
      {"after half an hour of silence", 0s, 30min, false},
      {"used in between", 20min, 40min, true},
      {"just before 12 hours", 12h - 1min, 12h - 1s, true},
      {"after 12 hours, however busy", 12h - 1min, 12h, false},
  };
  for (const auto& row : rows) {
    Sessions sessions;
    const auto opened = sessions.open("mary", kLogin, system_random);
    ASSERT_TRUE(opened);
    // As a busy client does.
    for (auto t = 0s; t <= row.used; t += 10min)
      if (auto* session = sessions.find(cookie_of(*opened), kLogin + t)) session->used = kLogin + t;
    if (auto* session = sessions.find(cookie_of(*opened), kLogin + row.used))
      session->used = kLogin + row.used;
    EXPECT_EQ(sessions.find(cookie_of(*opened), kLogin + row.asked) != nullptr, row.open)
        << row.name;
  }
}

TEST(Sessions, AreFoundByTheirCookieAlone) {  // SPEC SEC-2
  Sessions sessions;
  const auto mary = sessions.open("mary", kLogin, system_random).value();
  const auto john = sessions.open("john", kLogin, system_random).value();
  EXPECT_NE(mary.csrf, john.csrf);
  EXPECT_EQ(sessions.find("a=b; " + cookie_of(john) + "; c=d", kLogin)->account, "john");
  EXPECT_EQ(sessions.find(cookie_of(mary), kLogin)->csrf, mary.csrf);
  for (const auto& none :
       {std::string(), std::string("__Host-latchkey="), std::string("__Host-latchkey"),
        cookie_of(mary) + "x", cookie_of(mary).substr(0, 30), "x" + cookie_of(mary),
        std::string(7000, ';')})
    EXPECT_EQ(sessions.find(none, kLogin), nullptr) << none;
  for (const char* attribute : {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"})
    EXPECT_NE(mary.cookie.find(attribute), std::string::npos) << attribute;
}

TEST(Sessions, WithoutTlsHaveACookieOfTheirOwn) {  // SPEC SEC-2
  using Wire = Sessions::Wire;
  Sessions sessions;
  const auto tls = sessions.open("mary", kLogin, system_random).value();
  const auto plain = sessions.open("mary", kLogin, system_random, Wire::plain).value();
  EXPECT_EQ(plain.cookie.find("Secure"), std::string::npos);
  EXPECT_EQ(plain.cookie.find("__Host-"), std::string::npos) << "it takes Secure";
  for (const char* attribute : {"HttpOnly", "SameSite=Strict", "Path=/"})
    EXPECT_NE(plain.cookie.find(attribute), std::string::npos) << attribute;
  EXPECT_NE(sessions.find(cookie_of(plain), kLogin, Wire::plain), nullptr);
  EXPECT_EQ(sessions.find(cookie_of(plain), kLogin), nullptr) << "what came without TLS";
  EXPECT_EQ(sessions.find(cookie_of(tls), kLogin, Wire::plain), nullptr);
  const auto both = cookie_of(tls) + "; " + cookie_of(plain);
  sessions.close(both, Wire::plain);
  EXPECT_NE(sessions.find(both, kLogin), nullptr);
  EXPECT_EQ(Sessions::farewell(Wire::plain).find("latchkey=;"), 0U);
}

TEST(Sessions, CloseOneOrAllOfAnAccount) {
  Sessions sessions;
  const auto first = sessions.open("mary", kLogin, system_random).value();
  const auto second = sessions.open("mary", kLogin, system_random).value();
  const auto john = sessions.open("john", kLogin, system_random).value();
  sessions.close(cookie_of(first));
  EXPECT_EQ(sessions.find(cookie_of(first), kLogin), nullptr);
  EXPECT_NE(sessions.find(cookie_of(second), kLogin), nullptr);
  sessions.close_all("mary");
  EXPECT_EQ(sessions.find(cookie_of(second), kLogin), nullptr);
  EXPECT_NE(sessions.find(cookie_of(john), kLogin), nullptr);
}

TEST(Sessions, AreBoundedAndTheSilentestGoes) {  // SPEC SEC-3
  Sessions sessions;
  const auto john = sessions.open("john", kLogin, system_random).value();
  const auto first = sessions.open("mary", kLogin + 1s, system_random).value();
  for (std::size_t i = 0; i < Sessions::kPerAccount; ++i)
    ASSERT_TRUE(sessions.open("mary", kLogin + 2s, system_random));
  EXPECT_EQ(sessions.find(cookie_of(first), kLogin + 2s), nullptr);
  EXPECT_NE(sessions.find(cookie_of(john), kLogin + 2s), nullptr) << "another's are left alone";
  for (std::size_t i = 0; i < Sessions::kAll; ++i)
    ASSERT_TRUE(sessions.open("user-" + std::to_string(i), kLogin + 3s, system_random));
  EXPECT_EQ(sessions.find(cookie_of(john), kLogin + 3s), nullptr);
}

TEST(Sessions, NeedRandomNumbers) {
  Sessions sessions;
  EXPECT_EQ(
      sessions.open("mary", kLogin, [](std::span<std::uint8_t>) { return false; }).error().code,
      "no-random");
}

TEST(RateLimit, GivesABurstAndThenOneInEachInterval) {  // SPEC SEC-2
  RateLimit limit(3, 10s);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.take("a", kLogin), 0s) << i;
  EXPECT_EQ(limit.take("a", kLogin), 10s);
  EXPECT_EQ(limit.take("b", kLogin), 0s) << "another name";
  EXPECT_EQ(limit.take("a", kLogin + 9s), 1s);
  EXPECT_EQ(limit.take("a", kLogin + 10s), 0s);
  EXPECT_EQ(limit.take("a", kLogin + 10s), 10s);
  limit.give_back("a");
  EXPECT_EQ(limit.take("a", kLogin + 10s), 0s);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.take("a", kLogin + 1h), 0s) << i;
  EXPECT_GT(limit.take("a", kLogin + 1h), 0s) << "patience saves up no more than the burst";
}

TEST(RateLimit, IsBoundedInMemory) {  // SPEC SEC-3
  RateLimit limit(3, 10s);
  int refused = 0;
  for (int i = 0; i < 10'000; ++i)
    if (limit.take(std::to_string(i), kLogin) > 0s) ++refused;
  EXPECT_LE(limit.size(), 4096U);
  EXPECT_GT(refused, 5'000);
  EXPECT_EQ(limit.take("late", kLogin + 1h), 0s) << "and forgets";
  EXPECT_EQ(limit.size(), 1U);
}

}  // namespace
}  // namespace latchkey
