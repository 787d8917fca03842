#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include "agent/app/site_desk.h"
#include "agent/app/upstream_desk.h"
#include "core/access/enrolment_token.h"
#include "tests/unit/agent/lease_stage.h"

// SPEC SRV-3: a deployment that draws from another one, with the wire between them in the test's
// hands.
namespace latchkey {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using test::kAnn, test::kBob, test::kKvm, test::kRoot;

constexpr std::chrono::seconds kReserve = 60s;
const std::string kSiteIdentity = "00112233445566aa";
const net::Caller kSite{rights_of(Role::client_site), "site", "identity:" + kSiteIdentity};

net::HttpsAnswer refusal(int status, const char* code) {
  return {status, Json{{"code", code}, {"detail", "No."}, {"cure", "Do."}}.dump(), {}};
}

/// The license server: ten sockets of KVM.
struct Server final : test::LeaseStage {
  Server() { license(10, "2026-01-01T00:00:00Z"); }

  /// What arrives over the wire; the answer's `done` runs when it is durable here.
  void serve(const net::HttpsRequest& request, net::Done done) {
    if (request.method == "DELETE") return sites.end_draw(kSite, std::move(done));
    const auto body = Json::parse(request.body);
    DrawOrder order{body.at("deployment"), body.at("nonce"), {}, body.value("token", "")};
    for (const auto& item : body.at("usage"))
      order.usage.push_back({{item.at("object"), item.at("unit")}, item.at("quantity")});
    sites.draw(kSite, std::move(order), std::move(done));
  }

  UpstreamState above;
  SiteDesk sites{{clock_, publisher_, identity_, *desk_, [this]() -> auto& {return above;
}, kReserve
}  // namespace
};  // namespace latchkey
}
;

/// The client site, without a license of its own.
struct Site final : test::LeaseStage {
  using Answer = std::function<void(Result<net::HttpsAnswer>)>;
  struct Asked {
    net::HttpsRequest request;
    Answer done;
  };
  /// Forgotten when the desk gives up.
  struct Call final : net::HttpsCall {
    explicit Call(std::shared_ptr<bool> o) : open(std::move(o)) {}
    ~Call() override { *open = false; }
    std::shared_ptr<bool> open;
  };

  Site() {
    upstream = std::make_unique<UpstreamDesk>(UpstreamDesk::Parts{
        reactor_, clock_, log_, *desk_, identity_,
        [this](const std::string&, const net::HttpsCard&, net::HttpsRequest request,
               net::HttpsClient::Done done) {
          auto open = std::make_shared<bool>(true);
          wire.push_back({std::move(request), [open, done = std::move(done)](auto answer) {
                            if (*open) done(std::move(answer));
                          }});
          return std::make_unique<Call>(open);
        },
        [this] { return seconds_; },
        [](std::span<std::uint8_t> out) {
          std::ranges::fill(out, 0x55);
          return true;
        },
        BlockRules{8, 2, 30, 10}, [] { return true; }});
  }
  ~Site() override { upstream.reset(); }

  void changed() override { upstream->look(); }
  void published() override {
    if (upstream) upstream->published();
  }
  void complete(StatusView& view) override {
    if (!upstream) return;
    view.upstream = upstream->capacity();
    view.disconnected = upstream->trouble();
  }
  test::LeaseStage::Asked take(const std::string& consumer, std::uint64_t quantity) {
    UsageStatement statement{{}, 60, "", ""};
    if (quantity != 0) statement.usage = {{kKvm, quantity}};
    return ask([&](net::Done done) {
      upstream->consumers().state_usage(kAnn, consumer, statement, std::move(done));
    });
  }
  /// As the snapshot counts.
  std::uint64_t capacity() {
    const auto& pools = desk_->capacity().pools;
    const auto found = pools.find(kKvm);
    return found == pools.end() ? 0 : found->second.total;
  }

  std::deque<Asked> wire;
  std::unique_ptr<UpstreamDesk> upstream;
};

class SiteDrawTest : public testing::Test {
 protected:
  SiteDrawTest() {
    UpstreamOrder order{{"https://server:8201"}, encode_enrolment_token(token()), ""};
    site_.upstream->connect(kRoot, std::move(order), [this](Result<Json> answer) {
      ASSERT_TRUE(answer) << answer.error().message;
      connected_ = true;
    });
    run();
  }
  static EnrolmentToken token() {
    EnrolmentToken token;
    token.id = "00112233445566bb";
    token.pin = std::string(64, 'c');
    token.secret = Bytes(24, 7);
    return token;
  }

  /// Until nothing is left to be done, on both sides and the wire.
  void run() {
    do {
      deliver();
      server_.settle();
      site_.settle();
    } while (up_ && !site_.wire.empty());
  }
  void deliver() {
    while (up_ && !site_.wire.empty()) {
      auto asked = std::move(site_.wire.front());
      site_.wire.pop_front();
      if (asked.request.target == "/v1/enrol")
        asked.done(net::HttpsAnswer{
            200,
            Json{{"identity", kSiteIdentity}, {"certificate", "PEM"}, {"role", "client-site"}}
                .dump(),
            {}});
      else if (refusing_)
        asked.done(*refusing_);
      else
        server_.serve(asked.request, [done = asked.done](net::Response answer) {
          done(net::HttpsAnswer{answer.status, std::string(answer.payload()), {}});
        });
    }
    while (lost_ && !site_.wire.empty()) {
      auto asked = std::move(site_.wire.front());
      site_.wire.pop_front();
      asked.done(fail("server-unreachable", "No route.", "Look at the cable."));
    }
  }
  void wait(std::uint32_t seconds) {
    for (; seconds > 0; --seconds) {
      server_.wait(1);
      site_.wait(1);
      run();
    }
  }
  std::string taken(const std::string& consumer, std::uint64_t quantity) {
    const auto asked = site_.take(consumer, quantity);
    run();
    return asked->said();
  }
  void cut() {
    up_ = false;
    lost_ = true;
  }
  void mend() {
    up_ = true;
    lost_ = false;
  }
  std::string state() { return site_.upstream->upstream().at("state"); }

  Server server_;
  Site site_;
  bool connected_ = false;
  bool up_ = true;     ///< the wire delivers
  bool lost_ = false;  ///< it does not, and says so
  std::optional<net::HttpsAnswer> refusing_;
};

// A block before the last one is used up, what is idle goes back, and never what is used.
TEST_F(SiteDrawTest, DrawsBlocksAndGivesBackWhatIsIdle) {
  ASSERT_TRUE(connected_);
  const struct {
    std::uint32_t wait;  // and a second more
    std::uint64_t uses;
    const char* said;
    std::uint64_t draws;  // of the server's ten
  } timeline[] = {
      {0, 0, "ok", 0},
      {0, 1, "ok", 8},
      {0, 6, "ok", 8},
      {0, 7, "ok", 10},  // less than two are left over; a block of eight more is not to be had
      {0, 11, "capacity-exhausted", 10},
      {0, 10, "ok", 10},
      {0, 2, "ok", 10},
      {27, 2, "ok", 10},
      {3, 2, "ok", 8},  // it notices within a second or two
      {0, 0, "ok", 8},
      {27, 0, "ok", 8},
      {3, 0, "ok", 0}};
  for (const auto& row : timeline) {
    SCOPED_TRACE(testing::Message() << row.wait << " s, uses " << row.uses);
    wait(row.wait);
    EXPECT_EQ(taken("a", row.uses), row.said);
    wait(1);
    EXPECT_EQ(server_.used(), row.draws);
    EXPECT_EQ(site_.capacity(), row.draws);
  }
}

// What is drawn is durable at the site before a consumer gets any of it: after a power cut the site
// knows of no less than the server does.
TEST_F(SiteDrawTest, NobodyGetsWhatIsNotDurableYet) {
  const auto asked = site_.take("a", 4);
  site_.settle();
  deliver();
  server_.settle();
  EXPECT_EQ(server_.used(), 8U);
  EXPECT_EQ(asked->said(), "") << "the disk has not answered";
  EXPECT_EQ(site_.capacity(), 0U);
  site_.settle();
  EXPECT_EQ(asked->said(), "ok");
}

// The server is gone: what is held serves on for the signed grace, to the second, and comes back.
TEST_F(SiteDrawTest, OutlivesItsServerForTheGraceThatIsSigned) {
  ASSERT_EQ(taken("a", 4), "ok");
  const auto good_until = [this] { return site_.upstream->state().good_until; };
  cut();
  for (int i = 0; i < 60 && state() != "unavailable"; ++i) wait(1);
  ASSERT_EQ(state(), "unavailable");
  EXPECT_TRUE(site_.upstream->trouble());
  EXPECT_EQ(taken("b", 4), "ok") << "of what is held already";
  EXPECT_EQ(taken("c", 1), "capacity-exhausted") << "at once: nobody can be asked";
  const auto left = std::chrono::ceil<std::chrono::seconds>(good_until() - site_.clock_.time);
  ASSERT_GT(left, 1s);
  EXPECT_LE(left, kReserve) << "the server keeps the seats at least as long";
  for (auto second = left; second > 1s; second -= 1s) {
    wait(1);
    ASSERT_EQ(site_.capacity(), 8U) << second.count();
    ASSERT_EQ(server_.used(), 8U) << second.count();
  }
  wait(1);
  EXPECT_EQ(site_.capacity(), 0U);
  EXPECT_EQ(state(), "lost");
  EXPECT_EQ(site_.used(), 8U) << "nobody is thrown out";
  mend();
  wait(20);
  EXPECT_EQ(state(), "connected");
  EXPECT_FALSE(site_.upstream->trouble());
  EXPECT_EQ(site_.capacity(), server_.used());
  EXPECT_GE(site_.capacity(), 8U);
}

// A server that refuses for good is gone as well; one that has no more is not.
TEST_F(SiteDrawTest, KnowsARefusalFromAnEmptyPool) {
  ASSERT_EQ(taken("a", 4), "ok");
  refusing_ = refusal(403, "identity-revoked");
  wait(20);
  EXPECT_EQ(state(), "unavailable");
  EXPECT_EQ(site_.upstream->upstream().at("problem").at("code"), "identity-revoked");
  refusing_.reset();
  wait(20);
  EXPECT_EQ(state(), "connected");
  EXPECT_EQ(taken("a", 11), "capacity-exhausted");
  wait(20);
  EXPECT_EQ(state(), "connected");
}

// A ring of deployments would count its capacity twice.
TEST_F(SiteDrawTest, RefusesALoop) {
  server_.above.grant.emplace();
  server_.above.grant->deployment = "d-above";
  server_.above.grant->chain = {site_.identity_.deployment_id()};
  EXPECT_EQ(taken("a", 4), "capacity-exhausted");
  wait(2);
  EXPECT_EQ(site_.upstream->upstream().at("problem").at("code"), "site-loop");
  EXPECT_EQ(server_.used(), 0U);
}

// Leaving gives back, and what was held counts here no more.
TEST_F(SiteDrawTest, GivesEverythingBackWhenItLeaves) {
  ASSERT_EQ(taken("a", 4), "ok");
  bool left = false;
  site_.upstream->disconnect(kRoot, [&](const Result<Json>& answer) { left = answer.has_value(); });
  run();
  EXPECT_TRUE(left);
  EXPECT_EQ(server_.used(), 0U);
  EXPECT_EQ(site_.capacity(), 0U);
  EXPECT_EQ(state(), "none");
}

}  // namespace
}  // namespace latchkey
