#include "agent/app/node_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/store/chain_check.h"
#include "core/base/sha256.h"
#include "tests/support/facts.h"
#include "tests/support/fake_store.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/manual_reactor.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using test::ChainWriter;
using testing::ElementsAre;

const std::string kOwn(32, 'a');
const std::string kForeign(32, 'b');

class NodeLogTest : public testing::Test {
 protected:
  NodeLogTest() { open({kOwn, {}, {}}); }

  void open(StoreContents contents) {
    log_ = std::make_unique<NodeLog>(
        reactor_, clock_, store_,
        [](std::span<std::uint8_t> out) {
          std::fill(out.begin(), out.end(), 0xcc);
          return true;
        },
        NodeLog::Config{"node-a", 3s, 30s, [this] { return std::exchange(jump_, std::nullopt); },
                        [this](const TimeRepaired&, ByteView, const std::vector<ByteView>&) {
                          return vouched_;
                        }},
        std::move(contents), [this] { ++changes_; });
  }
  void start() {
    log_->witness([](Witness& w, Time now) { w.start(now, "1"); });
  }
  void read_key(const std::string& port) {
    KeyReading reading;
    reading.fault = KeyFault::busy;
    log_->witness([&](Witness& w, Time now) { w.key_read(now, port, "fake", reading); });
  }
  Result<void> receive(Batch batch) {
    Result<void> outcome = fail("no-answer", "");
    log_->receive(std::move(batch), [&](Result<void> answer) { outcome = std::move(answer); });
    store_.answer_all();
    return outcome;
  }
  /// "chain-initial:seq kind" of what is durable, in order of arrival.
  std::vector<std::string> durable() const {
    std::vector<std::string> out;
    for (const auto& entry : log_->facts().entries()) {
      const auto& fact = entry.stored.fact;
      out.push_back(fact.chain.substr(0, 1) + std::to_string(fact.seq) + " " +
                    std::string(kind(fact.body)));
    }
    return out;
  }

  test::ManualReactor reactor_;
  test::FakeStore store_;
  FixedClock clock_;
  int changes_ = 0;
  std::optional<ClockJumped> jump_;
  Result<void> vouched_{};
  std::unique_ptr<NodeLog> log_;
};

// DESIGN 4: answers leave after the transaction is durable.
TEST_F(NodeLogTest, NothingIsSeenBeforeItIsDurable) {
  bool told = false;
  start();
  log_->when_durable([&] { told = true; });
  EXPECT_FALSE(log_->durable());
  EXPECT_TRUE(log_->facts().heads().empty()) << "the peer must not see it either";
  EXPECT_FALSE(told);
  store_.answer();
  EXPECT_TRUE(log_->durable());
  EXPECT_TRUE(told);
  EXPECT_EQ(log_->facts().head(kOwn).seq, 1u);
  EXPECT_EQ(changes_, 1);
}

TEST_F(NodeLogTest, WhatComesDuringAWriteSharesTheNextOne) {
  start();
  read_key("1");
  read_key("2");
  ASSERT_EQ(store_.requests.size(), 1u);
  store_.answer();
  ASSERT_EQ(store_.requests.size(), 1u);
  EXPECT_EQ(store_.requests.front().batch.facts.size(), 2u);
  store_.answer();
  EXPECT_THAT(durable(), ElementsAre("a1 node-started", "a2 key-read", "a3 key-read"));
}

// SPEC BUF-10: a full disk loses nothing and leaves no gap in the chain.
TEST_F(NodeLogTest, AFailedWriteIsTriedAgainWithWhatCameSince) {
  start();
  store_.answer(fail("store-failed", "disk full"));
  EXPECT_TRUE(log_->failing());
  read_key("1");
  EXPECT_TRUE(store_.requests.empty()) << "no write overtakes the failed one";
  reactor_.advance(1s);
  store_.answer_all();
  EXPECT_FALSE(log_->failing());
  EXPECT_THAT(durable(), ElementsAre("a1 node-started", "a2 key-read"));
  ChainCheck check;
  for (const auto& fact : store_.written) EXPECT_TRUE(check.next(fact));
}

TEST_F(NodeLogTest, TakesThePeersFactsOnceAndInOrder) {
  ChainWriter peer(kForeign, "node-b");
  const auto one = peer.add(kNoon, NodeStarted{"1"});
  const auto two = peer.add(kNoon, NodeStopped{});
  const auto three = peer.add(kNoon, NodeStarted{"1"});
  EXPECT_TRUE(receive({{one, two}, {}}));
  EXPECT_TRUE(receive({{one, two}, {}})) << "facts that are here already are no error";
  EXPECT_TRUE(receive({{two, three}, {}}));
  EXPECT_THAT(durable(), ElementsAre("b1 node-started", "b2 node-stopped", "b3 node-started"));
  EXPECT_EQ(log_->view().facts().size(), 3u);
}

// SPEC SEC-3, BUF-10: what does not continue its chain hash by hash is refused whole.
TEST_F(NodeLogTest, RefusesWhatDoesNotContinueItsChain) {
  ChainWriter peer(kForeign, "node-b"), liar(kForeign, "node-b"), own(kOwn, "node-a");
  const auto one = peer.add(kNoon, NodeStarted{"1"});
  const auto two = peer.add(kNoon, NodeStopped{});
  ASSERT_TRUE(receive({{one}, {}}));
  auto changed = two;
  changed.text += ' ';
  liar.add(kNoon, NodeStarted{"2"});
  const Batch cases[] = {
      {{peer.add(kNoon, NodeStopped{})}, {}},  // a gap
      {{changed}, {}},                         // not the text of its hash
      {{liar.add(kNoon, NodeStopped{})}, {}},  // another past
      {{ChainWriter(kForeign, "b").add(kNoon, NodeStopped{})},
       {}},                                      // another fact in a known place
      {{own.add(kNoon, NodeStarted{"1"})}, {}},  // the chain that we write
      {{{"rubbish", ""}}, {}},
      {{two}, {{std::string(64, '0'), Bytes{1}}}},  // a document that is not its hash
  };
  for (const auto& batch : cases) {
    const auto outcome = receive(batch);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, "chain-broken");
  }
  EXPECT_THAT(durable(), ElementsAre("b1 node-started"));
  EXPECT_TRUE(receive({{two}, {}})) << "a refusal does not spoil what follows";
}

// SPEC TIME-2, TIME-3: a day of skew is nothing, a peer in a wrong year takes nobody along
TEST_F(NodeLogTest, KeepsAWrongYearOut) {
  ChainWriter near(kForeign, "node-b"), far(std::string(32, 'd'), "node-b");
  EXPECT_TRUE(receive({{near.add(kNoon + kDay, NodeStarted{"1"})}, {}}));
  const auto wrong = far.add(kNoon + 365 * kDay, NodeStarted{"1"});
  EXPECT_EQ(receive({{wrong}, {}}).error().code, "peer-clock-ahead");
  EXPECT_EQ(log_->decide(kNoon).at, kNoon + kDay);
  clock_.time += 365 * kDay;
  EXPECT_TRUE(receive({{wrong}, {}})) << "when the year has come";
}

// SPEC TIME-2: a jump is on record before anything that it dates
TEST_F(NodeLogTest, TellsThatTheClockHasJumped) {
  start();
  jump_ = ClockJumped{kNoon, kNoon + 365 * kDay};
  clock_.time += 365 * kDay;
  read_key("1");
  log_->note_jump();
  store_.answer_all();
  EXPECT_THAT(durable(), ElementsAre("a1 node-started", "a2 clock-jumped", "a3 key-read"));
}

// SPEC TIME-2: no fact is dated before another of its chain, so a repair begins a new one
TEST_F(NodeLogTest, ARepairBeginsANewChain) {
  start();
  jump_ = ClockJumped{kNoon, kNoon + 365 * kDay};
  clock_.time += 365 * kDay;
  read_key("1");
  store_.answer_all();
  const Bytes envelope{'{', '}'};
  const Document document{content_hash(envelope), envelope};
  const auto set_back = [this] { return clock_.time = kNoon + kDay; };
  const TimeRepaired repaired{"T-1", kNoon, document.hash, {{kOwn, 3}}, false, "mary"};
  ASSERT_TRUE(log_->repair_time(set_back, repaired, document));
  read_key("2");
  store_.answer_all();
  EXPECT_THAT(durable(), ElementsAre("a1 node-started", "a2 clock-jumped", "a3 key-read",
                                     "c1 time-repaired", "c2 key-read"));
  EXPECT_EQ(log_->decide(clock_.time).at, kNoon + kDay) << "nothing is dated after it any more";
  const auto sent = log_->facts().facts_after({}, 100);
  EXPECT_EQ(decode_fact(sent.facts.front().text)->fact.body, FactBody(repaired))
      << "first, for the others are refused for their dates without it";
}

// SPEC TIME-2: the vendor's word lets the peer's facts in, and nothing else does
TEST_F(NodeLogTest, TakesInWhatARepairExplains) {
  const Time wrong = kNoon + 365 * kDay;
  const Bytes envelope{'{', '}'};
  const Document document{content_hash(envelope), envelope};
  ChainWriter spoiled(kForeign, "node-b"), silent(std::string(32, 'd'), "node-b"),
      after(std::string(32, 'e'), "node-b");
  const auto jumped = spoiled.add(wrong, ClockJumped{kNoon, wrong});
  const auto stopped = spoiled.add(wrong + kDay, NodeStopped{});
  const auto unexplained = silent.add(wrong, NodeStarted{"1"});
  const auto repair = after.add(
      kNoon,
      TimeRepaired{
          "T-1", kNoon, document.hash, {{kForeign, 2}, {std::string(32, 'd'), 1}}, false, "mary"});
  EXPECT_EQ(receive({{jumped, stopped}, {}}).error().code, "peer-clock-ahead");
  EXPECT_EQ(receive({{repair}, {}}).error().code, "document-missing");
  EXPECT_EQ(receive({{repair, unexplained}, {document}}).error().code, "peer-clock-ahead");
  vouched_ = fail("untrusted-signer", "");
  EXPECT_EQ(receive({{repair, jumped}, {document}}).error().code, "untrusted-signer");
  vouched_ = {};
  EXPECT_TRUE(receive({{repair, jumped}, {document}}));
  EXPECT_TRUE(receive({{stopped}, {}})) << "and what follows later";
  EXPECT_EQ(log_->decide(kNoon).at, kNoon);
}

// SPEC BUF-10: a restored database goes on in a new chain and repeats there what only it knew.
TEST_F(NodeLogTest, ARestoredDatabaseChangesItsChain) {
  ChainWriter past(kOwn, "node-a");  // what the peer remembers of us
  const auto shared = past.add(kNoon, NodeStarted{"1"});
  const auto forgotten = past.add(kNoon, KeyGone{"9"});
  open({kOwn, {{decode_fact(shared.text)->fact, shared}}, {}});
  start();
  store_.answer();
  read_key("1");  // not durable yet when the fork is found
  bool done = false;
  log_->own_chain_forked(kOwn, 1, [&](const Result<void>& outcome) { done = outcome.has_value(); });
  store_.answer_all();
  EXPECT_TRUE(done);
  EXPECT_EQ(log_->own_chain(), std::string(32, 'c'));
  EXPECT_TRUE(receive({{forgotten}, {}}));
  EXPECT_THAT(durable(), ElementsAre("a1 node-started", "c1 node-started", "c2 key-read",
                                     "c3 history-warning", "a2 key-gone"));
  read_key("2");
  store_.answer_all();
  EXPECT_EQ(durable().back(), "c4 key-read");
}

// SPEC BUF-10: deletion of the database is noticed when the peer brings our past back.
TEST_F(NodeLogTest, ALostDatabaseIsReportedOnce) {
  ChainWriter past(kForeign, "node-a");
  start();
  store_.answer_all();
  EXPECT_TRUE(receive({{past.add(kNoon, NodeStarted{"1"})}, {}}));
  EXPECT_TRUE(receive({{past.add(kNoon, NodeStopped{})}, {}}));
  store_.answer_all();
  EXPECT_THAT(durable(), ElementsAre("a1 node-started", "b1 node-started", "a2 history-warning",
                                     "b2 node-stopped"));
}

TEST_F(NodeLogTest, AForkThatNeitherSideWritesIsReportedOnce) {
  log_->foreign_chain_forked(kForeign);
  log_->foreign_chain_forked(kForeign);
  store_.answer_all();
  EXPECT_THAT(durable(), ElementsAre("a1 history-warning"));
}

// SPEC KEY-12: the hold ends by itself.
TEST_F(NodeLogTest, WritesThatThePeerIsLostWhenTheHoldEnds) {
  log_->witness([](Witness& w, Time now) { w.peer_joined(now, "node-b", ""); });
  log_->witness([](Witness& w, Time now) { w.peer_down(now); });
  store_.answer_all();
  clock_.time += 30s;
  reactor_.advance(29s);
  EXPECT_TRUE(store_.requests.empty());
  reactor_.advance(1s);
  store_.answer_all();
  EXPECT_EQ(durable().back(), "a2 peer-lost");
}

TEST_F(NodeLogTest, SendsThePeerWhatItLacksWithItsDocuments) {
  const Bytes envelope{1, 2};
  KeyReading reading;
  reading.key_id = "LK-X";
  reading.license = LicenseSummary{content_hash(envelope), "L-1", kNoon, {{kNoon, kNoon + 24h}}};
  start();
  log_->witness([&](Witness& w, Time now) { w.key_read(now, "1", "fake", reading); },
                {{content_hash(envelope), envelope}});
  store_.answer_all();
  const auto all = log_->facts().facts_after({}, 100);
  EXPECT_EQ(all.facts.size(), 2u);
  ASSERT_EQ(all.documents.size(), 1u);
  EXPECT_EQ(all.documents[0].envelope, envelope);
  EXPECT_EQ(log_->facts().facts_after({}, 1).facts.size(), 1u);
  EXPECT_TRUE(log_->facts().facts_after(log_->facts().heads(), 100).empty());
  EXPECT_TRUE(log_->facts().facts_after({{kOwn, {9, ""}}}, 100).empty()) << "a head beyond ours";
}

// SPEC LIC-7: an installed license without its document is half an import
TEST_F(NodeLogTest, AnInstalledLicenseComesWithItsDocument) {
  ChainWriter peer(kForeign, "node-b");
  const Bytes envelope{'{', '}'};
  const Document document{content_hash(envelope), envelope};
  const LicenseSummary license{document.hash, "L-1", kNoon, {{kNoon, kNoon + kDay}}};
  const auto fact = peer.add(kNoon, LicenseImported{"LK-1", license, "mary", "file"});
  EXPECT_EQ(receive({{fact}, {}}).error().code, "document-missing");
  EXPECT_TRUE(log_->facts().entries().empty());
  EXPECT_TRUE(receive({{fact}, {document}}));
  ASSERT_NE(log_->facts().document(document.hash), nullptr);
  EXPECT_EQ(log_->facts().facts_after({}, 10).documents.size(), 1u) << "and goes on with it";
}

}  // namespace
}  // namespace latchkey
