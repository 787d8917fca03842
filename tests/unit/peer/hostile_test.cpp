#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "agent/peer/proof.h"
#include "agent/peer/transport.h"
#include "tests/unit/peer/nodes.h"

// Whoever connects is hostile until proven, and bounded after that (SPEC SEC-2, SEC-3).
namespace latchkey {
namespace {

using namespace test;
using peer::ChannelPtr;
using peer::Message;
using Tcp = boost::asio::ip::tcp;

/// Speaks to a node by hand, with the certificate in `identity_dir`.
class Speaker {
 public:
  Speaker(Loop& loop, const std::filesystem::path& identity_dir)
      : loop_(loop),
        identity_(peer::TlsIdentity::load_or_create(identity_dir).value()),
        transport_(loop.io, loop.reactor, identity_, std::chrono::seconds(2)) {}

  /// Empty when the handshake succeeded, as far as the client can tell.
  std::string dial(const std::string& address, const std::string& pin) {
    std::optional<Result<ChannelPtr>> answer;
    const auto attempt = transport_.dial(
        address, pin, [&](Result<ChannelPtr> result) { answer = std::move(result); });
    if (!loop_.until([&] { return answer.has_value(); })) return "no-answer";
    if (!*answer) return answer->error().code;
    channel_ = **answer;
    channel_->set_frame_limit(peer::kFrameLimit);
    channel_->set_events({[this](Message message) { heard.push_back(std::move(message)); },
                          [this](const Error&) { closed = true; }});
    return "";
  }
  void listen(const std::string& address) {
    ASSERT_TRUE(transport_.listen(
        address, [](const std::string&) { return true; }, [](const ChannelPtr&) {}));
  }
  void say(const Message& message) { channel_->send(message); }
  void say_text(const std::string& text) { channel_->send_text(text); }
  bool waits_for_close() {
    return loop_.until([this] { return closed; });
  }
  /// The code of the refusal that came before the close; "" for none.
  std::string refusal() const {
    for (const auto& message : heard)
      if (const auto* const refused = std::get_if<peer::Refusal>(&message))
        return refused->error.code;
    return "";
  }
  const std::string& pin() const { return identity_.pin(); }

  std::vector<Message> heard;
  bool closed = false;

 private:
  Loop& loop_;
  peer::TlsIdentity identity_;
  peer::Transport transport_;
  ChannelPtr channel_;
};

struct HostileTest : ::testing::Test {
  HostileTest() {
    pair(loop, a, b);
    pin_of_a = b.link->status().pin;
  }
  peer::Hello hello_of_b() { return {1, id_of('b'), "node-b", "", id_of('2'), {}}; }

  Loop loop;
  Node a{loop, 'a'};
  Node b{loop, 'b'};
  std::string pin_of_a;
};

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

TEST_F(HostileTest, AnotherCertificateIsNotLetIn) {
  TempDir stranger;
  Speaker speaker(loop, stranger.path());
  // With TLS 1.3 a client learns of the refusal after its own handshake.
  if (speaker.dial(a.config.listen, pin_of_a).empty()) {
    speaker.say(hello_of_b());
    EXPECT_TRUE(speaker.waits_for_close());
    EXPECT_TRUE(speaker.heard.empty());
  }
  EXPECT_TRUE(a.up());
}

TEST_F(HostileTest, AnOpenInvitationLetsAStrangerInOnlyToProveItself) {
  b.stop();
  ASSERT_TRUE(a.link->invite());
  const Message attempts[] = {hello_of_b(), peer::Ack{1, {}}, peer::PairProof{hash_of('0')},
                              peer::PairRequest{1, id_of('0'), id_of('c'), "", "", hash_of('0')}};
  for (const auto& attempt : attempts) {
    TempDir stranger;
    Speaker speaker(loop, stranger.path());
    ASSERT_EQ(speaker.dial(a.config.listen, pin_of_a), "");
    speaker.say(attempt);
    EXPECT_TRUE(speaker.waits_for_close());
    for (const auto& message : speaker.heard)
      EXPECT_TRUE(std::holds_alternative<peer::Refusal>(message));
  }
  EXPECT_EQ(a.host.pairings.size(), 1U);
}

TEST_F(HostileTest, WhoKnowsTheInvitationButNotItsSecretIsRefused) {
  const auto token = peer::decode_token(a.link->invite()->token).value();
  TempDir stranger;
  Speaker speaker(loop, stranger.path());
  ASSERT_EQ(speaker.dial(a.config.listen, pin_of_a), "");
  speaker.say(
      peer::PairRequest{1, peer::invitation_id(token.secret), id_of('c'), "", "", hash_of('0')});
  ASSERT_TRUE(loop.until([&] { return !speaker.heard.empty(); }));
  ASSERT_TRUE(std::holds_alternative<peer::PairChallenge>(speaker.heard[0]));
  speaker.say(peer::PairProof{hash_of('0')});
  EXPECT_TRUE(speaker.waits_for_close());
  EXPECT_EQ(speaker.refusal(), "proof-wrong");
  EXPECT_TRUE(a.link->status().invitation_expires) << "the invitation stays open for its holder";
}

/// The same proof is worth nothing over another certificate or in another conversation.
TEST_F(HostileTest, AProofCannotBeReplayed) {
  const auto token = peer::decode_token(a.link->invite()->token).value();
  TempDir first_dir, second_dir;
  Speaker first(loop, first_dir.path()), second(loop, second_dir.path());
  const peer::PairRequest request{
      1, peer::invitation_id(token.secret), id_of('c'), "", "", hash_of('0')};
  for (auto* const speaker : {&first, &second}) {
    ASSERT_EQ(speaker->dial(a.config.listen, pin_of_a), "");
    speaker->say(request);
    ASSERT_TRUE(loop.until([&] { return !speaker->heard.empty(); }));
  }
  const auto nonce = std::get<peer::PairChallenge>(first.heard[0]).nonce;
  EXPECT_NE(nonce, std::get<peer::PairChallenge>(second.heard[0]).nonce);
  second.say(peer::PairProof{peer::joiner_proof(
      token.secret, {pin_of_a, first.pin(), nonce, request.nonce, request.node})});
  EXPECT_TRUE(second.waits_for_close());
  EXPECT_EQ(second.refusal(), "proof-wrong");
}

TEST_F(HostileTest, AnImpostorAtThePeersAddressIsRecognised) {
  b.stop();
  TempDir stranger;
  Speaker impostor(loop, stranger.path());
  impostor.listen(b.config.listen);
  EXPECT_TRUE(loop.until([&] {
    const auto error = a.link->status().last_error;
    return error && error->code == "wrong-peer";
  }));
}

std::string tls_handshake(Loop& loop, const std::string& address,
                          boost::asio::ssl::context::method method) {
  const auto parts = peer::split_address(address).value();
  boost::asio::ssl::context context(method);
  boost::asio::ssl::stream<Tcp::socket> stream(loop.io, context);
  stream.next_layer().connect({boost::asio::ip::make_address(parts.host),
                               static_cast<std::uint16_t>(std::stoi(parts.port))});
  std::optional<boost::system::error_code> outcome;
  std::array<char, 1> byte;
  stream.async_handshake(boost::asio::ssl::stream_base::client, [&](auto error) {
    if (error) return void(outcome = error);
    stream.async_read_some(boost::asio::buffer(byte),
                           [&](auto read_error, std::size_t) { outcome = read_error; });
  });
  if (!loop.until([&] { return outcome.has_value(); })) return "no answer";
  return outcome->message();
}

TEST_F(HostileTest, OlderTlsAndClientsWithoutACertificateAreRefused) {
  using Method = boost::asio::ssl::context::method;
  EXPECT_NE(tls_handshake(loop, a.config.listen, Method::tlsv12_client).find("protocol version"),
            std::string::npos);
  EXPECT_NE(tls_handshake(loop, a.config.listen, Method::tlsv13_client).find("certificate"),
            std::string::npos);
  EXPECT_TRUE(a.up());
}

TEST_F(HostileTest, AHundredIdleConnectionsDoNotKeepThePeerOut) {
  const auto parts = peer::split_address(a.config.listen).value();
  std::vector<Tcp::socket> idle;
  for (int i = 0; i < 100; ++i) {
    idle.emplace_back(loop.io);
    idle.back().connect({boost::asio::ip::make_address(parts.host),
                         static_cast<std::uint16_t>(std::stoi(parts.port))});
    if (i % 2 == 0)
      boost::asio::write(idle.back(), boost::asio::buffer("GET / HTTP/1.1\r\n\r\n", 18));
  }
  b.stop();
  ASSERT_TRUE(loop.until([&] { return !a.up(); }));
  b.start();
  EXPECT_TRUE(loop.until([&] { return a.up() && b.up(); }));
}

}  // namespace
}  // namespace latchkey
