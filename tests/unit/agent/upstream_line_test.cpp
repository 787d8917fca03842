#include "agent/app/upstream_line.h"

#include <gtest/gtest.h>

#include <deque>

namespace latchkey {
namespace {

struct Call final : net::HttpsCall {};

/// An upstream of two servers; the test answers for them.
class UpstreamLineTest : public ::testing::Test {
 protected:
  UpstreamLineTest() { line_.use({"https://a:1", "https://b:1"}, {"pin"}); }

  void ask() {
    line_.ask({"PUT", "/v1/draw", "{}"}, [this](auto outcome) { outcome_ = std::move(outcome); });
  }
  void answer(const Result<net::HttpsAnswer>& answer) {
    ASSERT_FALSE(asked_.empty());
    const auto done = std::move(asked_.front().second);
    asked_.pop_front();
    done(answer);
  }
  static Result<net::HttpsAnswer> unreachable() {
    return fail("server-unreachable", "Nobody.", "Look.");
  }

  std::deque<std::pair<std::string, net::HttpsClient::Done>> asked_;
  std::optional<tl::expected<std::string, UpstreamRefusal>> outcome_;
  UpstreamLine line_{[this](const std::string& server, const net::HttpsCard&, net::HttpsRequest,
                            net::HttpsClient::Done done) {
    asked_.emplace_back(server, std::move(done));
    return std::make_unique<Call>();
  }};
};

TEST_F(UpstreamLineTest, GoesOnToTheOtherServerAndStaysThere) {  // SPEC SRV-3, SRV-4
  ask();
  EXPECT_EQ(asked_.front().first, "https://a:1");
  answer(unreachable());
  EXPECT_FALSE(outcome_);
  EXPECT_EQ(asked_.front().first, "https://b:1");
  answer(net::HttpsAnswer{200, "{}", {}});
  ASSERT_TRUE(outcome_ && *outcome_);
  EXPECT_EQ(**outcome_, "{}");
  ask();
  EXPECT_EQ(asked_.front().first, "https://b:1");
  answer(net::HttpsAnswer{421, R"({"code":"not-holder"})", {}});
  EXPECT_EQ(asked_.front().first, "https://a:1");
}

TEST_F(UpstreamLineTest, EachServerHasOneTurn) {
  ask();
  answer(unreachable());
  answer(unreachable());
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error().error.code, "server-unreachable");
  EXPECT_EQ(outcome_->error().status, 0);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(UpstreamLineTest, ReadsWhatARefusalSays) {  // SPEC POOL-5, SEC-3
  struct Row {
    net::HttpsAnswer answer;
    std::string code;
    std::optional<std::uint64_t> left;
  };
  const std::vector<Row> rows{
      {{409,
        R"({"code":"capacity-exhausted","pool":{"object":"kvm","unit":"host","available":3}})",
        {}},
       "capacity-exhausted",
       3},
      {{403, R"({"code":"identity-revoked","detail":"No."})", {}}, "identity-revoked", {}},
      {{409, "no JSON", {}}, "bad-answer", {}},
      {{409, R"([])", {}}, "bad-answer", {}},
      {{409, R"({"code":7})", {}}, "bad-answer", {}},
      {{409, R"({"code":"x","pool":{"available":-1}})", {}}, "x", 0},
      {{404, std::string(1 << 10, '['), {}}, "bad-answer", {}},
  };
  for (const auto& row : rows) {
    ask();
    answer(row.answer);
    ASSERT_TRUE(outcome_ && !*outcome_);
    const auto& refusal = outcome_->error();
    EXPECT_EQ(refusal.error.code, row.code) << row.answer.body;
    EXPECT_EQ(refusal.status, row.answer.status);
    EXPECT_EQ(refusal.left ? std::optional(refusal.left->second) : std::nullopt, row.left);
  }
  ask();
  answer(net::HttpsAnswer{429, "{}", std::chrono::seconds(9999)});
  EXPECT_EQ(outcome_->error().retry_after, std::chrono::seconds(120)) << "nobody sends us to sleep";
}

TEST(DrawAnswer, IsTheAnswerToThisRequest) {  // SPEC SRV-3, SEC-3
  const auto key = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  const auto key_text = to_base64(key.public_key().der());
  const DeploymentId hq = deployment_id(key.public_key()), own(64, 'a');
  const std::string nonce(32, '1'), site = "site:1111111111111111";
  const SiteGrant good{hq, {}, site, nonce, Time{}, 60, {}};
  const auto code = [&](SiteGrant grant) -> std::string {
    const auto checked = check_grant(seal_grant(grant, key).value(), key_text, site, nonce, own);
    return checked ? "" : checked.error().code;
  };
  EXPECT_EQ(code(good), "");
  auto other = good;
  other.nonce = std::string(32, '2');
  EXPECT_EQ(code(other), "bad-answer") << "an old grant, replayed";
  other = good;
  other.site = "site:2222222222222222";
  EXPECT_EQ(code(other), "bad-answer");
  other = good;
  other.deployment = std::string(64, 'e');
  EXPECT_EQ(code(other), "bad-answer");
  other = good;
  other.chain = {std::string(64, 'f'), own};
  EXPECT_EQ(code(other), "site-loop");
  EXPECT_EQ(check_grant(seal_grant(good, key).value(), "no key", site, nonce, own).error().code,
            "bad-answer");
  for (const char* body : {"", "[]", "{}", R"({"grant":1})"}) EXPECT_FALSE(read_draw_answer(body));
  EXPECT_EQ(read_draw_answer(R"({"grant":"g","key":"k","token":"t"})")->token, "t");
}

}  // namespace
}  // namespace latchkey
