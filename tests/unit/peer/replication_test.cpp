#include <set>

#include "tests/unit/peer/nodes.h"
#include "tests/unit/peer/proxy.h"

// What two paired nodes know of each other (DESIGN 5, KEY-6, KEY-12, BUF-5, BUF-10).
namespace latchkey {
namespace {

using namespace test;
using std::chrono::milliseconds;

struct ReplicationTest : ::testing::Test {
  Loop loop;
  Node a{loop, 'a'};
  Node b{loop, 'b'};

  bool same() { return a.host.heads() == b.host.heads(); }
  bool level() {
    return loop.until([&] { return a.up() && b.up() && same(); });
  }
};

std::size_t count(const FakeHost& host) {
  std::size_t facts = 0;
  for (const auto& [chain, list] : host.chains) facts += list.size();
  return facts;
}

/// Every port that was ever written down, whatever chain holds it now.
std::set<std::string> ports(const FakeHost& host) {
  std::set<std::string> out;
  for (const auto& [chain, list] : host.chains)
    for (const auto& encoded : list) {
      const auto body = decode_fact(encoded.text)->fact.body;
      if (const auto* const gone = std::get_if<KeyGone>(&body)) out.insert(gone->port);
    }
  return out;
}

TEST_F(ReplicationTest, BothHaveEverythingBeforeTheLinkCountsAsUp) {  // SPEC KEY-6, BUF-5
  for (int i = 0; i < 700; ++i) a.host.write("a" + std::to_string(i));
  for (int i = 0; i < 300; ++i) b.host.write("b" + std::to_string(i));
  pair(loop, a, b);
  EXPECT_EQ(count(a.host), 1000U);
  EXPECT_EQ(a.host.heads_when_up, b.host.heads_when_up);
  EXPECT_EQ(a.host.heads_when_up, a.host.heads());
  EXPECT_GT(b.host.batches, 1) << "700 facts are more than one batch";
  EXPECT_EQ(a.host.texts(), b.host.texts()) << "the same text, byte for byte";
}

// SPEC TIME-1: what is judged by the peer's time comes after it
TEST_F(ReplicationTest, EachTellsTheOtherItsTimeBeforeItsFactsAndEveryHeartbeat) {
  a.host.write("a");
  b.host.write("b");
  pair(loop, a, b);
  for (Node* node : {&a, &b}) EXPECT_TRUE(node->host.heard_before_facts);
  a.host.own_times.license += std::chrono::hours(5);
  EXPECT_TRUE(loop.until([&] { return b.host.heard_times == a.host.own_times; }));
}

TEST_F(ReplicationTest, AChangeIsPushedAtOnce) {
  a.config.heartbeat = milliseconds(5000);
  a.config.silence = b.config.silence = milliseconds(20000);
  a.stop();
  a.start();
  pair(loop, a, b);
  a.write("usb1");
  EXPECT_TRUE(loop.until([&] { return same(); }, milliseconds(1000)));
  b.write("usb2");
  EXPECT_TRUE(loop.until([&] { return same(); }, milliseconds(1000)));
}

TEST_F(ReplicationTest, ABurstInBothDirectionsLosesNothing) {
  pair(loop, a, b);
  for (int i = 0; i < 500; ++i) {
    a.write("a" + std::to_string(i));
    b.write("b" + std::to_string(i));
  }
  EXPECT_TRUE(level());
  EXPECT_EQ(count(a.host), 1000U);
  EXPECT_EQ(a.host.downs, 0);
}

TEST_F(ReplicationTest, DocumentsTravelWithTheFactsThatNameThem) {
  pair(loop, a, b);
  // Ten of these do not fit one frame.
  for (int i = 0; i < 10; ++i) {
    const Bytes envelope(900'000, static_cast<std::uint8_t>(i));
    a.host.write_document({content_hash(envelope), envelope});
  }
  a.link->push();
  ASSERT_TRUE(level());
  EXPECT_EQ(b.host.documents.size(), 10U);
  for (const auto& [hash, document] : b.host.documents)
    EXPECT_EQ(content_hash(document.envelope), hash);
}

TEST_F(ReplicationTest, ANodeThatLostItsDatabaseGetsItsOwnChainBack) {  // SPEC BUF-10
  pair(loop, a, b);
  b.write("pulled");
  ASSERT_TRUE(level());
  b.stop();
  b.host.restore({}, id_of('9'));
  b.host.write("after");
  b.start();
  ASSERT_TRUE(level());
  EXPECT_EQ(ports(b.host), (std::set<std::string>{"pulled", "after"}));
  EXPECT_TRUE(b.host.forks.empty());
}

TEST_F(ReplicationTest, ChainsOfAThirdNodeArePassedOn) {
  FakeHost gone(id_of('c'), id_of('7'));
  gone.write("theirs");
  a.host.chains[id_of('7')] = gone.chains[id_of('7')];
  pair(loop, a, b);
  EXPECT_EQ(ports(b.host), std::set<std::string>{"theirs"});
}

/// How old the backup is and what was written after it was restored.
struct Restore {
  std::size_t before, lost, rewritten;
};
const Restore kRestores[] = {{10, 5, 0}, {10, 5, 3}, {10, 5, 5},      {10, 5, 9}, {0, 20, 0},
                             {0, 20, 1}, {1, 1, 1},  {900, 700, 800}, {65, 1, 1}, {4097, 65, 2}};

TEST_F(ReplicationTest, ARestoredDatabaseIsDetectedAndRepaired) {  // SPEC BUF-10
  pair(loop, a, b);
  for (const auto& restore : kRestores) {
    SCOPED_TRACE(std::to_string(restore.before) + " " + std::to_string(restore.lost));
    const std::string chain = b.host.own_chain();
    for (std::size_t i = 0; i < restore.before; ++i) b.host.write("before");
    const auto backup = b.host.chains;
    const auto common = b.host.heads()[chain].seq;
    for (std::size_t i = 0; i < restore.lost; ++i) b.host.write("lost" + std::to_string(i));
    b.link->push();
    ASSERT_TRUE(level());
    const auto before = count(a.host);
    b.stop();
    b.host.restore(backup, chain);
    for (std::size_t i = 0; i < restore.rewritten; ++i) b.host.write("new" + std::to_string(i));
    const auto kept = ports(b.host);
    b.start();
    ASSERT_TRUE(level());
    ASSERT_FALSE(b.host.forks.empty());
    EXPECT_EQ(b.host.forks.back(), std::pair(chain, common));
    // Nothing is lost: the peer's facts, those written since, and one warning.
    EXPECT_EQ(count(a.host), before + restore.rewritten + 1);
    EXPECT_EQ(a.host.texts(), b.host.texts());
    const auto now = ports(b.host);
    EXPECT_TRUE(std::includes(now.begin(), now.end(), kept.begin(), kept.end()));
    EXPECT_TRUE(a.host.forks.empty());
    b.host.restore(b.host.chains, std::string(31, '9') + std::to_string(&restore - kRestores));
  }
}

TEST_F(ReplicationTest, BothRestoredAtOnce) {  // SPEC BUF-10
  a.host.write("a1");
  b.host.write("b1");
  pair(loop, a, b);
  const auto backup = a.host.chains;
  a.write("a2");
  b.write("b2");
  ASSERT_TRUE(level());
  a.stop();
  b.stop();
  const auto newer = b.host.chains;
  a.host.restore(backup, a.host.own_chain());
  b.host.restore(backup, b.host.own_chain());
  a.host.write("a3");
  b.host.write("b3");
  a.start();
  b.start();
  ASSERT_TRUE(level());
  EXPECT_EQ(a.host.texts(), b.host.texts());
  EXPECT_EQ(ports(a.host), (std::set<std::string>{"a1", "b1", "a3", "b3"}));
}

TEST_F(ReplicationTest, AChainThatNeitherWritesAndThatDiffersIsReportedAndLeft) {
  for (auto* const node : {&a, &b}) {
    FakeHost gone(id_of('c'), id_of('7'));
    gone.write(node->config.name);
    node->host.chains[id_of('7')] = gone.chains[id_of('7')];
  }
  a.host.write("a");
  pair(loop, a, b);
  // Said at each comparison, so once more where a slow machine lost the link meanwhile.
  for (auto* const node : {&a, &b})
    EXPECT_EQ(std::set(node->host.foreign_forks.begin(), node->host.foreign_forks.end()),
              std::set{id_of('7')});
  EXPECT_EQ(ports(b.host), (std::set<std::string>{"a", "node-b"}));
  b.write("later");
  EXPECT_TRUE(loop.until([&] { return ports(a.host).contains("later"); }));
}

TEST_F(ReplicationTest, TheLinkComesBackAfterEitherNodeStops) {
  pair(loop, a, b);
  for (auto* const node : {&a, &b, &a}) {
    auto& other = node == &a ? b : a;
    const auto downs = other.host.downs;
    node->stop();
    ASSERT_TRUE(loop.until([&] { return other.host.downs == downs + 1; }));
    other.write("alone");
    node->start();
    ASSERT_TRUE(level());
  }
}

TEST_F(ReplicationTest, TwoConnectionsAtOnceLeaveOne) {
  pair(loop, a, b);
  for (int round = 0; round < 20; ++round) {
    a.stop();
    b.stop();
    a.start();
    b.start();
    a.host.write("x");
    ASSERT_TRUE(level()) << round;
    loop.run_for(milliseconds(30));
    const auto downs = a.host.downs + b.host.downs;
    loop.run_for(milliseconds(60));
    EXPECT_EQ(a.host.downs + b.host.downs, downs) << round;
    EXPECT_TRUE(a.up() && b.up()) << round;
  }
}

struct CutTest : ReplicationTest {
  /// All traffic goes through one proxy in front of `a`; `b` listens nowhere.
  CutTest() : proxy(loop.io, a.config.listen), c(loop, 'c', "") {
    a.stop();
    a.config.advertise = proxy.address();
    a.start();
    pair(loop, a, c);
  }
  Proxy proxy;
  Node c;
};

TEST_F(CutTest, SilenceTakesTheLinkDownAndHealingMergesBothHistories) {  // SPEC KEY-12
  proxy.freeze(true);
  const auto cut = std::chrono::steady_clock::now();
  ASSERT_TRUE(loop.until([&] { return !a.up() && !c.up(); }));
  const auto took = std::chrono::steady_clock::now() - cut;
  EXPECT_GT(took, kTestSilence / 2) << "one lost heartbeat is no lost peer";
  EXPECT_EQ(a.link->status().last_error->code, "peer-silent");
  EXPECT_EQ(a.host.downs, 1);
  a.write("during-a");
  c.write("during-c");
  proxy.freeze(false);
  ASSERT_TRUE(loop.until([&] { return a.up() && c.up(); }));
  EXPECT_EQ(a.host.texts(), c.host.texts());
  EXPECT_EQ(ports(a.host), (std::set<std::string>{"during-a", "during-c"}));
}

TEST_F(CutTest, ABrokenConnectionIsDialledAgainAtOnce) {
  for (int i = 0; i < 5; ++i) {
    const auto ups = a.host.ups;
    proxy.reset();
    ASSERT_TRUE(loop.until([&] { return a.host.ups == ups + 1 && c.up(); })) << i;
  }
}

TEST_F(CutTest, DiallingASilentNetworkSlowsDown) {
  proxy.reset();
  c.stop();
  a.stop();
  const auto before = proxy.connections();
  c.start();
  // 20, 40, 80, 100, 100 … ms: a dozen in a second at most.
  loop.run_for(milliseconds(1000));
  EXPECT_LE(proxy.connections() - before, 14);
  EXPECT_GE(proxy.connections() - before, 3);
  a.start();
  EXPECT_TRUE(loop.until([&] { return a.up() && c.up(); }));
}

}  // namespace
}  // namespace latchkey
