#include "agent/app/lease_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/facts.h"
#include "tests/unit/agent/lease_stage.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using test::kAnn, test::kBob, test::kRoot, test::kKvm;
using testing::ElementsAre;

class LeaseDeskTest : public testing::Test, protected test::LeaseStage {
 protected:
  LeaseDeskTest() { license(10, "2026-01-01T00:00:00Z"); }

  /// The other node of the deployment says so; `node-b` is its name.
  void other(FactBody body) {
    Batch batch;
    batch.facts.push_back(other_.add(clock_.time, std::move(body)));
    log_.receive(std::move(batch), [](const Result<void>& taken) { ASSERT_TRUE(taken); });
    settle();
  }
  void pair() {
    log_.witness([this](Witness& w, Time now) { w.peer_joined(now, kOther, ""); });
    settle();
  }
  void other_keeps_the_leases(std::uint32_t epoch, std::uint64_t used, std::uint32_t ttl) {
    other(LeasesTaken{epoch, "vip", ""});
    desk_->desk().hear(LeaseFigures{epoch, true, ttl, 1, {{kKvm, used}}, {}});
  }
  const std::string kOther = std::string(32, '7');
  test::ChainWriter other_{std::string(32, 'b'), kOther};
};

// SPEC POOL-3: absolute, all of it, idempotent by what it says and by its request id; POOL-5.
TEST_F(LeaseDeskTest, TakesWhatIsStated) {
  const struct {
    const char* consumer;
    std::uint64_t quantity;
    const char* request;
    const char* said;
    const char* held;
    bool written;  // a row of the journal
  } rows[] = {
      {"a", 4, "", "ok", "a 4", true},        {"a", 4, "", "ok", "a 4", false},
      {"a", 6, "r1", "ok", "a 6", true},      {"a", 9, "r1", "ok", "a 6", false},
      {"a", 5, "r2", "ok", "a 5", true},      {"b", 6, "r1", "capacity-exhausted", "a 5", false},
      {"b", 5, "r1", "ok", "a 5, b 5", true}, {"a", 6, "", "capacity-exhausted", "a 5, b 5", false},
      {"b", 0, "", "ok", "a 5, b 0", true},   {"a", 10, "", "ok", "a 10, b 0", true},
  };
  for (const auto& row : rows) {
    const auto before = store_.lease_rows.size();
    const auto asked = put(row.consumer, row.quantity, row.request);
    EXPECT_EQ(settled(asked), row.said) << row.consumer << row.quantity;
    EXPECT_EQ(held(), row.held);
    EXPECT_EQ(store_.lease_rows.size() > before, row.written) << row.consumer << row.quantity;
  }
  const auto refused = put("c", 3);
  EXPECT_EQ(refused->said(), "capacity-exhausted");
  EXPECT_EQ(refused->body().at("pool").at("available"), 0);
  EXPECT_EQ(refused->body().at("pool").at("total"), 10);
}

// SPEC POOL-4: one commit for all of a turn, the next with all that came meanwhile; nobody is told
// before. Heartbeats wait for no disk.
TEST_F(LeaseDeskTest, AcknowledgesWhatIsDurable) {
  ASSERT_EQ(settled(put("a", 1)), "ok");
  const auto rows = store_.lease_rows.size();
  const auto first = put("a", 2), second = put("b", 1);
  reactor_.run_posted();
  EXPECT_EQ(store_.lease_rows.size(), rows + 1);
  const auto third = put("c", 1), fourth = put("b", 1), fifth = release("a");
  reactor_.run_posted();
  EXPECT_EQ(store_.lease_rows.size(), rows + 1) << "one at a time";
  EXPECT_EQ(used(), 2u) << "all of it counts at once";
  EXPECT_EQ(heartbeat("c")->said(), "ok");
  EXPECT_EQ(first->said() + second->said() + third->said(), "");
  store_.answer_leases();
  EXPECT_EQ(first->said() + second->said(), "okok");
  EXPECT_EQ(third->said() + fourth->said() + fifth->said(), "");
  EXPECT_EQ(store_.lease_rows.size(), rows + 2);
  store_.answer_leases();
  EXPECT_EQ(third->said() + fourth->said() + fifth->said(), "okokok");
  EXPECT_EQ(held(), "b 1, c 1");
}

// SPEC POOL-4: no false acknowledgement and no leak; it recovers alone.
TEST_F(LeaseDeskTest, UndoesWhatTheDiskRefused) {
  ASSERT_EQ(settled(put("a", 4)), "ok");
  const auto more = put("a", 6), fresh = put("b", 2);
  reactor_.run_posted();
  const auto later = release("a"), last = put("c", 8);
  store_.answer_leases(fail("store-failed", "the disk is full", "make room"));
  for (const auto& asked : {more, fresh, later, last}) {
    EXPECT_EQ(asked->said(), "store-failed");
    EXPECT_EQ(asked->answer->status, 503);
  }
  EXPECT_EQ(held(), "a 4");
  EXPECT_EQ(used(), 4u);
  ASSERT_NE(desk_->consumption().failure, nullptr);
  EXPECT_EQ(heartbeat("a")->said(), "ok") << "what is held is kept alive";
  wait(2);
  EXPECT_EQ(desk_->consumption().failure, nullptr);
  EXPECT_EQ(settled(put("b", 6)), "ok");
  start();
  EXPECT_EQ(held(), "a 4, b 6");
}

// SPEC POOL-4: at the second, even when the timer is late; heartbeats and statements begin it anew.
TEST_F(LeaseDeskTest, EndsLeasesAtTheSecond) {
  const auto fresh = [&] { return settled(put("a", 10, "", kAnn, 10)); };
  const struct {
    std::uint32_t after;
    const char* act;  // h: heartbeat, s: statement of the same, r: release, o: of another consumer
    const char* said;
    const char* held;
  } rows[] = {
      {9, "h", "ok", "a 10"},  {10, "h", "lease-unknown", ""},
      {9, "s", "ok", "a 10"},  {10, "s", "ok", "a 10"},
      {10, "o", "ok", "b 10"}, {9, "o", "capacity-exhausted", "a 10"},
      {9, "r", "ok", ""},
  };
  for (const auto& row : rows) {
    for (const auto* consumer : {"a", "b"}) release(consumer);
    settle();
    ASSERT_EQ(fresh(), "ok");
    skip(row.after);
    const auto asked = *row.act == 'h'   ? heartbeat("a")
                       : *row.act == 's' ? put("a", 10, "", kAnn, 10)
                       : *row.act == 'o' ? put("b", 10)
                                         : release("a");
    EXPECT_EQ(settled(asked), row.said) << row.act << row.after;
    EXPECT_EQ(held(), row.held) << row.act << row.after;
  }
}

TEST_F(LeaseDeskTest, TheTimerEndsWhatNobodyAsksFor) {
  ASSERT_EQ(settled(put("a", 4, "", kAnn, 10)), "ok");
  ASSERT_EQ(settled(put("b", 3, "", kAnn, 30)), "ok");
  wait(9);
  EXPECT_EQ(used(), 7u);
  wait(1);
  EXPECT_EQ(used(), 3u);
  start();
  EXPECT_EQ(held(), "b 3") << "the end is in the journal";
}

// SPEC POOL-4: a restart gives one full TTL, and no more.
TEST_F(LeaseDeskTest, GivesAFullTtlAfterARestart) {
  ASSERT_EQ(settled(put("a", 4)), "ok");
  const auto version = put("a", 4)->body().at("version");
  wait(59);
  start();
  wait(59);
  EXPECT_EQ(held(), "a 4");
  EXPECT_EQ(put("a", 4, "", kBob)->said(), "not-owner");
  wait(1);
  EXPECT_EQ(held(), "");
  const auto again = put("a", 4);
  ASSERT_EQ(settled(again), "ok");
  EXPECT_GT(again->body().at("version"), version);
}

// SPEC SEC-2: everybody's own, and an administrator's all.
TEST_F(LeaseDeskTest, KeepsOwnersApart) {
  ASSERT_EQ(settled(put("a", 4)), "ok");
  EXPECT_EQ(put("a", 0, "", kBob)->said(), "not-owner");
  EXPECT_EQ(heartbeat("a", "", kBob)->said(), "not-owner");
  EXPECT_EQ(release("a", kBob)->said(), "not-owner");
  EXPECT_EQ(desk_->show(kBob, "a").status, 403);
  EXPECT_EQ(Json::parse(desk_->list(kBob, 0, 10).body).at("consumers").size(), 0u);
  EXPECT_EQ(Json::parse(desk_->list(kAnn, 0, 10).body).at("consumers").size(), 1u);
  EXPECT_EQ(settled(put("a", 2, "", kRoot)), "ok");
  EXPECT_EQ(heartbeat("a")->said(), "ok") << "it is still ann's";
  EXPECT_EQ(release("nobody")->said(), "lease-unknown");
  EXPECT_EQ(put("b", 1, "", kAnn, 9)->said(), "bad-request") << "leases.least_ttl_s";
}

// SPEC POOL-7: a fact, and durable as one, before the capacity is somebody else's by right.
TEST_F(LeaseDeskTest, RecordsAForcedRelease) {
  ASSERT_EQ(settled(put("a", 10)), "ok");
  const auto force = [&](const std::string& consumer) {
    return ask(
        [&](net::Done done) { desk_->force_release(kRoot, consumer, "hangs", std::move(done)); });
  };
  EXPECT_EQ(force("b")->said(), "lease-unknown");
  const auto forced = force("a");
  reactor_.run_posted();
  EXPECT_EQ(forced->said(), "");
  ASSERT_EQ(settled(forced), "ok");
  EXPECT_EQ(held(), "");
  const auto& fact = log_.facts().entries().back().stored.fact;
  const auto& released = std::get<LeaseReleased>(fact.body);
  EXPECT_EQ(released.by + " " + released.reason + " " + released.consumer, "root hangs a");
  EXPECT_EQ(released.usage, (Quantities{{kKvm, 10}}));
  ASSERT_EQ(settled(put("a", 3)), "ok");
  start();
  EXPECT_EQ(held(), "a 3") << "what came after is not released again";
}

// SPEC POOL-8: reservations, caps, low-water marks; as facts they are there after a restart.
TEST_F(LeaseDeskTest, FollowsTerms) {
  const auto set = [&](const std::string& consumer, ConsumerTerms terms) {
    return settled(ask([&](net::Done done) {
      desk_->set_terms(kRoot, consumer, std::move(terms), std::move(done));
    }));
  };
  EXPECT_EQ(set("big", {{{kKvm, 6}}, {}, {{kKvm, 7}}}), "ok");
  EXPECT_EQ(set("small", {{}, {{kKvm, 2}}, {}}), "ok");
  start();
  EXPECT_EQ(settled(put("small", 3)), "over-cap");
  EXPECT_EQ(settled(put("other", 5)), "capacity-exhausted");
  EXPECT_EQ(settled(put("other", 4)), "ok");
  const auto now = desk_->consumption();
  EXPECT_EQ(now.reserved, (Usage{{kKvm, 6}}));
  ASSERT_EQ(now.low.size(), 1u);
  EXPECT_EQ(now.low[0].consumer, "big");
  EXPECT_EQ(settled(put("big", 6)), "ok");
  EXPECT_EQ(set("big", {}), "ok");
  EXPECT_EQ(settled(put("big", 1)), "ok");
  EXPECT_EQ(settled(put("other", 9)), "ok") << "nothing is reserved any more";
}

// SPEC POOL-6, QUOTA-2: nobody is evicted, nobody gets more, everybody may give back.
TEST_F(LeaseDeskTest, EvictsNobodyWhenALicenseShrinks) {
  ASSERT_EQ(settled(put("a", 8)), "ok");
  license(5, "2026-02-01T00:00:00Z");
  EXPECT_EQ(held(), "a 8");
  EXPECT_TRUE(desk_->capacity().over_quota);
  EXPECT_EQ(settled(put("b", 1)), "over-quota");
  EXPECT_EQ(settled(put("b", 0)), "ok") << "to connect is no increase";
  EXPECT_EQ(settled(put("a", 6)), "ok");
  EXPECT_EQ(settled(put("b", 1)), "over-quota");
  EXPECT_EQ(settled(put("a", 4)), "ok");
  EXPECT_EQ(settled(put("b", 1)), "ok") << "exact at once, whatever is published";
}

// SPEC SRV-4: a lease that was lost with its journal comes back by its token.
TEST_F(LeaseDeskTest, TakesALostLeaseBackByItsToken) {
  const auto given = put("a", 4);
  ASSERT_EQ(settled(given), "ok");
  const std::string token = given->body().at("token");
  store_.lease_rows.clear();
  start();
  EXPECT_EQ(heartbeat("a")->said(), "lease-unknown");
  EXPECT_EQ(heartbeat("a", "x" + token)->said(), "token-invalid");
  EXPECT_EQ(heartbeat("a", token, kBob)->said(), "not-owner");
  EXPECT_EQ(heartbeat("b", token)->said(), "not-owner");
  const auto back = heartbeat("a", token);
  EXPECT_EQ(back->said(), "") << "durable first";
  ASSERT_EQ(settled(back), "ok");
  EXPECT_EQ(held(), "a 4");
  EXPECT_GE(back->body().at("version"), given->body().at("version"));
}

// SPEC SRV-4: who asks the wrong node is told the right one, and nothing changes here.
TEST_F(LeaseDeskTest, SendsConsumersToTheNodeThatKeepsTheLeases) {
  const auto given = put("a", 4);
  ASSERT_EQ(settled(given), "ok");
  pair();
  desk_->desk().set_linked(true);
  other_keeps_the_leases(2, 7, 60);
  const std::string token = given->body().at("token");
  const auto rows = store_.lease_rows.size();
  const net::Response shown[] = {desk_->list(kRoot, 0, 10), desk_->show(kRoot, "a")};
  for (const auto& answer : shown) EXPECT_EQ(answer.status, 421) << answer.body;
  for (const auto& asked :
       {put("a", 5), put("b", 1), heartbeat("a"), heartbeat("a", token), release("a")}) {
    EXPECT_EQ(settled(asked), "not-holder");
    EXPECT_EQ(asked->answer->status, 421);
    EXPECT_EQ(asked->body().at("holder").at("node"), kOther);
    EXPECT_EQ(asked->body().at("epoch"), 2);
  }
  EXPECT_EQ(store_.lease_rows.size(), rows);
  EXPECT_EQ(used(), 7u) << "what the other node says";
}

// SPEC SRV-4: two nodes that have not heard of each other yet do not both begin, and neither says
// of the other what it does not know.
TEST_F(LeaseDeskTest, WaitsForTheLinkBeforeItKeepsTheFirstLease) {
  pair();
  const auto early = put("a", 1);
  EXPECT_EQ(settled(early), "not-holder");
  EXPECT_EQ(early->body().at("holder").at("node"), "");
  EXPECT_EQ(early->body().at("epoch"), 0);
  desk_->desk().set_linked(true);
  EXPECT_EQ(settled(put("a", 1)), "ok");
}

// SPEC SRV-4: no seat is granted twice: until what the other node granted is known or over, there
// is nothing new; what was held before goes on.
TEST_F(LeaseDeskTest, GrantsNothingNewUntilWhatWasGrantedBeforeIsKnownOrOver) {
  const auto given = put("a", 4);
  ASSERT_EQ(settled(given), "ok");
  const std::string token = given->body().at("token");
  pair();
  other_keeps_the_leases(2, 4, 30);
  EXPECT_EQ(settled(ask([&](net::Done done) { desk_->take_over(kRoot, false, std::move(done)); })),
            "holder-unreachable");
  ASSERT_EQ(settled(ask([&](net::Done done) { desk_->take_over(kRoot, true, std::move(done)); })),
            "ok");

  constexpr std::uint32_t kRecovers = 60 + kLeaseDoubt;  // the longest TTL, here or there
  for (const std::uint32_t waited : {0U, kRecovers - 1}) {
    wait(waited);
    SCOPED_TRACE(waited);
    for (const auto& asked : {put("b", 1), heartbeat("b")}) {
      EXPECT_EQ(settled(asked), "recovering");
      EXPECT_EQ(asked->answer->status, 503);
    }
    EXPECT_EQ(settled(heartbeat("a", token)), "ok");
    EXPECT_EQ(settled(put("a", 5)), "recovering") << "growth is new";
    EXPECT_EQ(settled(put("a", 4)), "ok");
  }
  EXPECT_EQ(settled(put("b", 1)), "recovering");
  wait(1);
  EXPECT_EQ(settled(heartbeat("b")), "lease-unknown");
  EXPECT_EQ(settled(put("b", 6)), "ok");
  EXPECT_EQ(held(), "a 4, b 6");
}

}  // namespace
}  // namespace latchkey
