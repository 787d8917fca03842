#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "tests/unit/peer/speaker.h"

// Whoever connects is a stranger until proven (SPEC SEC-2, SEC-3).
namespace latchkey {
namespace {

using namespace test;
using Tcp = boost::asio::ip::tcp;

struct StrangerTest : HostileTest {};

TEST_F(StrangerTest, AnotherCertificateIsNotLetIn) {
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

TEST_F(StrangerTest, AnOpenInvitationLetsAStrangerInOnlyToProveItself) {
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

TEST_F(StrangerTest, WhoKnowsTheInvitationButNotItsSecretIsRefused) {
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
TEST_F(StrangerTest, AProofCannotBeReplayed) {
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

TEST_F(StrangerTest, AnImpostorAtThePeersAddressIsRecognised) {
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
  const auto parts = split_address(address).value();
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

TEST_F(StrangerTest, OlderTlsAndClientsWithoutACertificateAreRefused) {
  using Method = boost::asio::ssl::context::method;
  EXPECT_NE(tls_handshake(loop, a.config.listen, Method::tlsv12_client).find("protocol version"),
            std::string::npos);
  EXPECT_NE(tls_handshake(loop, a.config.listen, Method::tlsv13_client).find("certificate"),
            std::string::npos);
  EXPECT_TRUE(a.up());
}

TEST_F(StrangerTest, AHundredIdleConnectionsDoNotKeepThePeerOut) {
  const auto parts = split_address(a.config.listen).value();
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
