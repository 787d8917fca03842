#include "tests/unit/peer/speaker.h"

// What the paired peer itself may get wrong: refused, bounded, reported (SPEC SEC-2, SEC-3).
namespace latchkey {
namespace {

using namespace test;

std::string fact(std::uint64_t seq, const std::string& prev) {
  return encode(Fact{Time(), id_of('5'), seq, id_of('b'), KeyGone{"usb", false}}, prev).text;
}
Message facts(std::vector<std::string> texts) {
  peer::Facts out{1, {}, {}};
  for (auto& text : texts) out.batch.facts.push_back({std::move(text), {}});
  return out;
}

/// What the paired peer itself may get wrong, after a proper greeting.
struct Offence {
  const char* what;
  Message message;
  const char* refusal;
};
std::vector<Offence> offences() {
  return {
      {"a second greeting", peer::Hello{1, id_of('b'), "", "", "", {}}, "message-unexpected"},
      {"facts that start in the middle", facts({fact(2, hash_of('0'))}), "chain-broken"},
      {"facts that do not follow", facts({fact(1, ""), fact(2, hash_of('0'))}), "chain-broken"},
      {"a first fact with a past", facts({fact(1, hash_of('0'))}), "chain-broken"},
      {"a fact that is none", facts({"{}"}), "invalid-fact"},
      {"an answer to nothing", peer::Ack{1, {}}, "message-unexpected"},
      {"an answer from the future", peer::Ack{~0ULL, {}}, "message-unexpected"},
      {"a place nobody asked for", peer::Located{id_of('1'), 3}, "message-unexpected"},
      {"a pairing request", peer::PairRequest{1, id_of('0'), id_of('b'), "", "", hash_of('0')},
       "message-unexpected"},
      {"a grant", peer::PairGrant{hash_of('0'), id_of('b'), "", {hash_of('0'), "", {}}},
       "message-unexpected"},
  };
}

TEST_F(HostileTest, APeerThatBreaksTheProtocolIsToldAndShutOut) {
  b.stop();
  for (const auto& offence : offences()) {
    SCOPED_TRACE(offence.what);
    Speaker speaker(loop, b.dir.path());
    ASSERT_EQ(speaker.dial(a.config.listen, pin_of_a), "");
    speaker.say(hello_of_b());
    speaker.say(offence.message);
    EXPECT_TRUE(speaker.waits_for_close());
    EXPECT_EQ(speaker.refusal(), offence.refusal);
    ASSERT_TRUE(a.link->status().last_error);
    EXPECT_EQ(a.link->status().last_error->code, offence.refusal);
  }
  EXPECT_EQ(a.host.heads().count(id_of('5')), 0U) << "nothing of an impossible chain is kept";
  b.start();
  EXPECT_TRUE(loop.until([&] { return a.up() && b.up(); }));
}

TEST_F(HostileTest, AGreetingFromAnotherNodeOrVersionIsRefused) {
  b.stop();
  auto other = hello_of_b();
  other.node = id_of('c');
  auto newer = hello_of_b();
  newer.version = 2;
  const std::pair<peer::Hello, const char*> cases[] = {{other, "wrong-peer"},
                                                       {newer, "version-unknown"}};
  for (const auto& [hello, code] : cases) {
    Speaker speaker(loop, b.dir.path());
    ASSERT_EQ(speaker.dial(a.config.listen, pin_of_a), "");
    speaker.say(hello);
    EXPECT_TRUE(speaker.waits_for_close());
    EXPECT_EQ(speaker.refusal(), code);
  }
}

TEST_F(HostileTest, APeerThatAcknowledgesWithoutTakingIsNotFedForEver) {
  a.host.write("something");
  b.stop();
  Speaker speaker(loop, b.dir.path());
  ASSERT_EQ(speaker.dial(a.config.listen, pin_of_a), "");
  speaker.say(hello_of_b());
  ASSERT_TRUE(loop.until([&] { return speaker.heard.size() >= 2; }));
  speaker.say(peer::Ack{1, {}});
  EXPECT_TRUE(speaker.waits_for_close());
  EXPECT_EQ(speaker.refusal(), "peer-stuck");
}

TEST_F(HostileTest, GarbageFromTheWireClosesTheConnectionAndNothingElse) {
  b.stop();
  const std::string deep(100'000, '[');
  for (const auto& text : {std::string("garbage"), std::string("{}"), std::string("[]"), deep,
                           std::string("{\"type\":\"hello\"}"), std::string("\0\xff\xfe", 3),
                           std::string("{\"type\":\"facts\",\"number\":-1}"),
                           std::string(peer::kFrameLimit + 1, ' '), std::string()}) {
    for (const bool greeted : {false, true}) {
      Speaker speaker(loop, b.dir.path());
      ASSERT_EQ(speaker.dial(a.config.listen, pin_of_a), "");
      if (greeted) speaker.say(hello_of_b());
      speaker.say_text(text);
      EXPECT_TRUE(speaker.waits_for_close()) << text.substr(0, 30);
    }
  }
  b.start();
  EXPECT_TRUE(loop.until([&] { return a.up() && b.up(); }));
}

TEST_F(HostileTest, ASilentPeerIsGivenUp) {
  b.stop();
  Speaker mute(loop, b.dir.path());
  ASSERT_EQ(mute.dial(a.config.listen, pin_of_a), "");
  EXPECT_TRUE(mute.waits_for_close()) << "before its greeting";
  Speaker speaker(loop, b.dir.path());
  ASSERT_EQ(speaker.dial(a.config.listen, pin_of_a), "");
  speaker.say(hello_of_b());
  EXPECT_TRUE(speaker.waits_for_close()) << "after its greeting";
}

}  // namespace
}  // namespace latchkey
