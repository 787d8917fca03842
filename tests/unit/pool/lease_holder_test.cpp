#include "core/pool/lease_holder.h"

#include <gtest/gtest.h>

#include <vector>

namespace latchkey {
namespace {

using Whose = LeaseHolder::Whose;

constexpr const char* kSelf = "b";  // between "a" and "c"
constexpr std::uint32_t kNow = 1000;

// SPEC SRV-4: the highest epoch, then the smaller node; who is known before who is not.
TEST(LeaseTakings, TheStrongestCounts) {
  const std::vector<LeaseTaking> ascending{{},       {1, ""},  {1, "b"}, {1, "a"},
                                           {2, "z"}, {2, "a"}, {9, ""},  {9, "y"}};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j)
      EXPECT_EQ(outranks(ascending[i], ascending[j]), i > j) << i << ' ' << j;
}

struct Case {
  const char* name;
  const char* peer;
  bool watches, sees, linked, peer_sees;
  LeaseTaking strongest;
  // What follows:
  Whose whose;
  bool takes, may_be_first;
};

const Case kCases[] = {
    {"alone, the first lease", "", false, false, false, false, {}, Whose::nobody, false, true},
    {"alone, and it serves", "", false, false, false, false, {1, "b"}, Whose::ours, false, false},
    {"alone with the address", "", true, true, false, false, {}, Whose::nobody, false, true},
    {"alone without it", "", true, false, false, false, {}, Whose::nobody, false, true},
    {"alone, never in doubt", "", true, false, false, false, {1, "b"}, Whose::ours, false, false},
    {"two, nobody yet", "a", false, false, true, false, {}, Whose::nobody, false, true},
    {"two, nobody yet, no link", "a", false, false, false, false, {}, Whose::nobody, false, false},
    {"the address is elsewhere", "a", true, false, true, true, {}, Whose::nobody, false, false},
    {"the address is here", "a", true, true, true, false, {}, Whose::nobody, true, true},
    {"the other one holds", "a", false, false, true, false, {4, "a"}, Whose::theirs, false, false},
    {"the address came here", "a", true, true, true, false, {4, "a"}, Whose::theirs, true, false},
    {"without a link too", "a", true, true, false, false, {4, "a"}, Whose::theirs, true, false},
    {"it has it as well", "a", true, true, true, true, {4, "a"}, Whose::theirs, false, false},
    {"we hold", "a", true, true, true, false, {4, "b"}, Whose::ours, false, false},
    {"the address alone left", "a", true, false, true, false, {4, "b"}, Whose::ours, false, false},
    {"the link alone broke", "a", true, true, false, false, {4, "b"}, Whose::ours, false, false},
    {"both are gone", "a", true, false, false, false, {4, "b"}, Whose::in_doubt, false, false},
    {"no address at all", "a", false, false, false, false, {4, "b"}, Whose::ours, false, false},
    {"the holder left", "c", false, false, true, false, {4, "a"}, Whose::nobody, false, true},
    {"our database is lost", "", false, false, false, false, {4, ""}, Whose::nobody, false, true},
    {"a token says more", "a", false, false, false, false, {4, ""}, Whose::theirs, false, false},
    {"but no fact does", "a", false, false, true, false, {4, ""}, Whose::nobody, false, true},
};

TEST(LeaseHolder, WhoHoldsAndWhoTakes) {
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    LeaseHolder one(kSelf, c.watches);
    // So that the address is no news any more when the strongest taking becomes known.
    if (c.strongest.epoch > 1) one.learn({1, kSelf}, kNow);
    one.set_peer(c.peer, kNow);
    one.set_linked(c.linked, kNow);
    one.set_address_seen(c.sees);
    LeaseFigures peer;
    peer.sees_address = c.peer_sees;
    one.hear(peer, kNow);
    one.learn(c.strongest, kNow);
    EXPECT_EQ(one.whose(), c.whose);
    EXPECT_EQ(one.should_take(), c.takes);
    EXPECT_EQ(one.may_be_first(), c.may_be_first);
  }
}

class TwoNodes : public testing::Test {
 protected:
  TwoNodes() {
    holder_.set_peer("a", kNow);
    holder_.set_linked(true, kNow);
  }
  void hear(std::uint32_t epoch, std::uint32_t ttl) {
    LeaseFigures figures;
    figures.epoch = epoch;
    figures.longest_ttl = ttl;
    holder_.hear(figures, kNow);
  }
  void take() { holder_.learn({*holder_.take(), kSelf}, kNow); }

  LeaseHolder holder_{kSelf, true};
};

// SPEC SRV-4: nothing new before what was granted is known or over.
TEST_F(TwoNodes, RecoversAsLongAsTheLongestLeaseMayLive) {
  const struct {
    std::uint32_t peer_ttl, own_ttl, recovers;
  } rows[] = {{10, 0, 10 + kLeaseDoubt}, {10, 60, 60 + kLeaseDoubt}, {0, 30, 30 + kLeaseDoubt},
              {0, 0, kMaxRecovery},      {105, 0, kMaxRecovery},     {86'400, 0, kMaxRecovery}};
  std::uint32_t epoch = 1;
  for (const auto& row : rows) {
    LeaseHolder holder(kSelf, true);
    holder.set_peer("a", kNow);
    LeaseFigures figures;
    figures.epoch = epoch;
    figures.longest_ttl = row.peer_ttl;
    holder.hear(figures, kNow);
    holder.own_ttl(row.own_ttl);
    holder.learn({*holder.take(), kSelf}, kNow);
    EXPECT_EQ(holder.recovering(kNow), kNow + row.recovers);
    EXPECT_TRUE(holder.recovering(kNow + row.recovers - 1));
    EXPECT_FALSE(holder.recovering(kNow + row.recovers));
  }
}

TEST_F(TwoNodes, AHandOverEndsTheRecoveryOfItsOwnEpochOnly) {
  hear(4, 60);
  take();
  holder_.handed_over(4);
  EXPECT_TRUE(holder_.recovering(kNow));
  holder_.handed_over(5);
  EXPECT_FALSE(holder_.recovering(kNow));
}

TEST_F(TwoNodes, TheFirstTakingWaitsForNothing) {
  take();
  EXPECT_EQ(holder_.whose(), Whose::ours);
  EXPECT_FALSE(holder_.recovering(kNow));
}

// What this node held before it stopped, the other one may have held since.
TEST_F(TwoNodes, ATakingOfAnEarlierRunIsRecovered) {
  holder_.learn({1, kSelf}, kNow);
  EXPECT_TRUE(holder_.recovering(kNow));
}

TEST_F(TwoNodes, OneTakingAtATime) {
  EXPECT_EQ(holder_.take(), 1U);
  EXPECT_EQ(holder_.take(), std::nullopt);
  holder_.learn({7, "a"}, kNow);
  EXPECT_EQ(holder_.take(), std::nullopt) << "the first one is not durable yet";
  holder_.learn({1, kSelf}, kNow);
  EXPECT_EQ(holder_.take(), 8U);
}

// Two nodes that both see the address and each other must not take turns for ever.
TEST_F(TwoNodes, AnAddressThatCameLaterWinsOnce) {
  LeaseFigures sees;
  sees.sees_address = true;
  holder_.learn({1, "a"}, kNow);
  holder_.hear(sees, kNow);
  EXPECT_FALSE(holder_.should_take());
  holder_.set_address_seen(true);
  EXPECT_TRUE(holder_.should_take());
  take();
  holder_.learn({3, "a"}, kNow);
  EXPECT_FALSE(holder_.should_take());
  holder_.set_linked(false, kNow);
  EXPECT_TRUE(holder_.should_take());
}

TEST_F(TwoNodes, NothingEndsWhileItIsNotClearWhoHolds) {
  EXPECT_LE(holder_.no_end_before(), kNow + kLeaseDoubt);
  holder_.set_linked(false, kNow + 100);
  EXPECT_EQ(holder_.no_end_before(), kNow + 100 + kLeaseDoubt);
}

TEST_F(TwoNodes, ATokenOfALaterEpochFences) {
  holder_.learn({1, kSelf}, kNow);
  holder_.set_linked(false, kNow);
  holder_.set_address_seen(true);
  EXPECT_EQ(holder_.whose(), Whose::ours);
  holder_.learn_epoch(2, kNow);
  EXPECT_EQ(holder_.whose(), Whose::theirs);
  EXPECT_EQ(holder_.holder(), "a");
  EXPECT_TRUE(holder_.should_take());
  EXPECT_EQ(holder_.take(), 3U);
}

}  // namespace
}  // namespace latchkey
