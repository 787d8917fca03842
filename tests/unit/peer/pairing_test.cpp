#include <fstream>

#include "agent/peer/pinned_peer.h"
#include "agent/peer/proof.h"
#include "tests/unit/peer/nodes.h"

// Pairing two real links over TLS on the loopback (DESIGN 5, SEC-2).
namespace latchkey {
namespace {

using namespace test;

struct PairingTest : ::testing::Test {
  Loop loop;
  Node a{loop, 'a'};
  Node b{loop, 'b'};
  std::string invite(Node& node) { return node.link->invite().value().token; }
};

TEST_F(PairingTest, BothPinEachOtherAndTheJoinerTakesTheDeploymentOver) {
  a.host.member = {hash_of('1'), "the inviter's key", {id_of('a')}};
  pair(loop, a, b);
  EXPECT_EQ(b.host.member.deployment, hash_of('1'));
  EXPECT_EQ(b.host.member.key_pem, "the inviter's key");
  EXPECT_EQ(b.host.member.nodes, std::vector{id_of('a')});
  ASSERT_EQ(a.host.pairings.size(), 1U);
  ASSERT_EQ(b.host.pairings.size(), 1U);
  EXPECT_EQ(a.host.pairings[0].node, id_of('b'));
  EXPECT_EQ(a.host.pairings[0].name, "node-b");
  EXPECT_EQ(a.host.pairings[0].replaces, "");
  EXPECT_TRUE(a.host.pairings[0].inviter);
  EXPECT_EQ(b.host.pairings[0].node, id_of('a'));
  EXPECT_FALSE(b.host.pairings[0].inviter);
  EXPECT_EQ(a.link->status().address, b.config.listen);
  EXPECT_EQ(b.link->status().address, a.config.listen);
  EXPECT_NE(a.link->status().pin, b.link->status().pin);
}

TEST_F(PairingTest, SurvivesARestartOfBoth) {
  pair(loop, a, b);
  a.stop();
  b.stop();
  a.start();
  b.start();
  EXPECT_TRUE(loop.until([&] { return a.up() && b.up(); }));
}

TEST_F(PairingTest, ANodeThatListensNowhereJoinsAndIsNotDialled) {
  Node c(loop, 'c', "");
  pair(loop, a, c);
  EXPECT_EQ(a.link->status().address, "");
  c.stop();
  EXPECT_TRUE(loop.until([&] { return !a.up(); }));
  c.start();
  EXPECT_TRUE(loop.until([&] { return a.up() && c.up(); }));
}

TEST_F(PairingTest, AGuestIsDialledWhereItCameFromWhenItListensEverywhere) {
  Node c(loop, 'c', "0.0.0.0:0");
  pair(loop, a, c);
  EXPECT_TRUE(a.link->status().address.starts_with("127.0.0.1:"));
}

TEST_F(PairingTest, OneUse) {
  const auto token = invite(a);
  ASSERT_TRUE(join(loop, b, token));
  Node c(loop, 'c');
  const auto again = join(loop, c, token);
  EXPECT_EQ(code_of(again), "token-used");
  EXPECT_NE(again.error().cure, "");
  EXPECT_TRUE(c.host.pairings.empty());
}

TEST_F(PairingTest, ExpiresAfterAnHourByTheInvitersClock) {
  const auto invitation = a.link->invite().value();
  EXPECT_EQ(invitation.expires, loop.clock.time + std::chrono::hours(1));
  EXPECT_EQ(a.link->status().invitation_expires, invitation.expires);
  loop.clock.time = invitation.expires;
  EXPECT_EQ(code_of(join(loop, b, invitation.token)), "token-expired");
  EXPECT_FALSE(a.link->status().invitation_expires);
}

TEST_F(PairingTest, ANewInvitationVoidsTheOlderOne) {
  const auto older = invite(a);
  const auto newer = invite(a);
  EXPECT_EQ(code_of(join(loop, b, older)), "token-unknown");
  EXPECT_EQ(code_of(join(loop, b, newer)), "");
}

TEST_F(PairingTest, ARestartVoidsInvitations) {
  const auto token = invite(a);
  a.stop();
  a.start();
  EXPECT_EQ(code_of(join(loop, b, token)), "token-unknown");
  invite(a);
  EXPECT_EQ(code_of(join(loop, b, token)), "token-unknown");
}

TEST_F(PairingTest, RefusesWhatIsNoToken) {
  const auto whole = invite(a);
  for (const auto& text : {std::string(), std::string("hello"), whole.substr(1),
                           whole.substr(0, whole.size() - 4), whole + "=", std::string(5000, 'A')})
    EXPECT_EQ(code_of(join(loop, b, text)), "token-invalid") << text;
  EXPECT_EQ(code_of(join(loop, b, "\n " + whole + " \n")), "");
}

/// A token that was changed in one field, as somebody would who wants something else to be joined.
struct Forgery {
  const char* what;
  void (*change)(peer::Token&);
  const char* code;
};
const Forgery kForgeries[] = {
    {"secret", [](peer::Token& t) { t.secret[0] ^= 1; }, "token-unknown"},
    {"pin", [](peer::Token& t) { t.pin = hash_of('0'); }, "wrong-peer"},
    {"deployment", [](peer::Token& t) { t.deployment = hash_of('0'); }, "pairing-broken"},
    {"address", [](peer::Token& t) { t.address = "127.0.0.1:1"; }, "peer-unreachable"},
    {"no address", [](peer::Token& t) { t.address = "nowhere"; }, "address-invalid"},
};

TEST_F(PairingTest, RefusesAForgedToken) {
  for (const auto& forgery : kForgeries) {
    auto token = peer::decode_token(invite(a)).value();
    forgery.change(token);
    const auto joined = join(loop, b, peer::encode_token(token));
    EXPECT_EQ(code_of(joined), forgery.code) << forgery.what;
    EXPECT_TRUE(b.host.pairings.empty()) << forgery.what;
    EXPECT_EQ(b.link->status().link, LinkState::unpaired) << forgery.what;
  }
}

TEST_F(PairingTest, AMemberOfADeploymentWithAPeerJoinsNoOther) {
  pair(loop, a, b);
  Node c(loop, 'c');
  EXPECT_EQ(code_of(join(loop, b, invite(c))), "already-paired");
  EXPECT_EQ(code_of(join(loop, b, invite(a))), "already-paired");
  EXPECT_TRUE(a.up() && b.up());
}

TEST_F(PairingTest, NoNodeJoinsItselfOrItsCopy) {
  EXPECT_EQ(code_of(join(loop, a, invite(a))), "own-invitation");
  Node copy(loop, 'a');
  EXPECT_EQ(code_of(join(loop, copy, invite(a))), "same-node");
}

TEST_F(PairingTest, OneJoinAtATime) {
  const auto token = invite(a);
  std::string second;
  b.link->join(token, [](const Result<void>&) {});
  b.link->join(token, [&](const Result<void>& result) { second = code_of(result); });
  EXPECT_EQ(second, "join-running");
}

TEST_F(PairingTest, AnInvitationReplacesALostNode) {
  pair(loop, a, b);
  const auto token = invite(a);
  EXPECT_TRUE(a.up()) << "inviting alone changes nothing";
  Node c(loop, 'c');
  ASSERT_TRUE(join(loop, c, token));
  ASSERT_TRUE(loop.until([&] { return a.up() && c.up(); }));
  EXPECT_EQ(a.host.pairings.back().node, id_of('c'));
  EXPECT_EQ(a.host.pairings.back().replaces, id_of('b'));
  EXPECT_TRUE(loop.until([&] { return !b.up() && b.link->status().last_error; }));
  loop.run_for(std::chrono::milliseconds(200));
  EXPECT_EQ(a.host.up, id_of('c')) << "the replaced node gets in no more";
}

TEST_F(PairingTest, ANodeThatLostItsPinIsPairedAgainAndReplacesNobody) {
  pair(loop, a, b);
  b.stop();
  std::filesystem::remove(b.dir.path() / "peer.json");
  b.start();
  pair(loop, a, b);
  EXPECT_EQ(a.host.pairings.back().replaces, "");
}

TEST_F(PairingTest, AJoinThatCannotBeKeptIsReportedAndCanBeRepeated) {
  b.host.adopt_result = fail("file-not-written", "disk full", "make room");
  EXPECT_EQ(code_of(join(loop, b, invite(a))), "file-not-written");
  EXPECT_EQ(b.link->status().link, LinkState::unpaired);
  b.host.adopt_result = {};
  pair(loop, a, b);
}

TEST_F(PairingTest, InvitingNeedsAnAddressThatTheOtherNodeCanDial) {
  Node silent(loop, 'c', "");
  EXPECT_EQ(silent.link->invite().error().code, "not-listening");
  Node anywhere(loop, 'd', "0.0.0.0:0");
  EXPECT_EQ(anywhere.link->invite().error().code, "no-address");
  anywhere.stop();
  anywhere.config.advertise = "127.0.0.1:8202";
  anywhere.start();
  EXPECT_EQ(peer::decode_token(invite(anywhere))->address, "127.0.0.1:8202");
}

TEST_F(PairingTest, AnUnpairedNodeWithoutAListenerLeavesNoTrace) {
  Node c(loop, 'c', "");
  EXPECT_TRUE(std::filesystem::is_empty(c.dir.path()));
  EXPECT_EQ(c.link->status().listening, "");
}

TEST_F(PairingTest, ADamagedPinFileIsNeverTakenForUnpaired) {
  for (const auto* text : {"", "{}", "{\"node\":\"x\",\"pin\":\"y\"}", "no json"}) {
    Node c(loop, 'c', "");
    std::ofstream(c.dir.path() / "peer.json") << text;
    PeerLink link(loop.io, loop.reactor, loop.clock, c.config, c.host);
    EXPECT_EQ(link.start().error().code, "peer-state-broken") << text;
  }
}

TEST_F(PairingTest, AnAddressInUseIsRefusedWithItsName) {
  Node c(loop, 'c', "");
  c.config.listen = a.config.listen;
  PeerLink link(loop.io, loop.reactor, loop.clock, c.config, c.host);
  const auto started = link.start();
  ASSERT_EQ(code_of(started), "cannot-listen");
  EXPECT_NE(started.error().message.find(a.config.listen), std::string::npos);
}

}  // namespace
}  // namespace latchkey
