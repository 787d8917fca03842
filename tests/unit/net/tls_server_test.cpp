#include <gtest/gtest.h>

#include "tests/unit/net/tls_stage.h"

// SPEC SRV-1, SEC-2: who is let in over TLS, and who is not.
namespace latchkey::net {
namespace {

using test::eventually;
using test::TlsCard;
using test::TlsClient;

constexpr std::string_view kRead = "GET /read HTTP/1.1\r\n\r\n";

TEST(TlsServer, ServesWhomTheDoormanKnows) {  // SPEC SRV-1
  TlsStage tls;
  TlsClient client(tls.address, tls.guest());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(client.ask(kRead)), 200);
  EXPECT_NE(client.ask(kHello).find("hello pinned"), std::string::npos);
}

TEST(TlsServer, TellsAStrangerToEnrol) {  // SPEC SEC-2
  TlsStage tls;
  TlsClient client(tls.address, {"", "", tls.authority.certificate_pem()});
  ASSERT_TRUE(client.shaken()) << "a stranger may ask what is open to all";
  EXPECT_EQ(status_of(client.ask(kHello)), 200);
  const auto refused = client.ask(kRead);
  EXPECT_EQ(status_of(refused), 401);
  EXPECT_NE(refused.find("not-authenticated"), std::string::npos);
  EXPECT_NE(refused.find("WWW-Authenticate"), std::string::npos);
}

TEST(TlsServer, LetsNobodyInWithAWrongCard) {  // SPEC SEC-2
  TlsStage tls;
  const auto key = PrivateKey::generate(KeyAlgorithm::ecdsa_p256).value();
  const auto elsewhere =
      Authority::create(PrivateKey::generate(KeyAlgorithm::ed25519).value()).value();
  auto foreign = TlsStage::card_of(elsewhere, key, TlsStage::now());
  auto expired = TlsStage::card_of(tls.authority, key, TlsStage::now() - 7300 * kDay);
  auto early = TlsStage::card_of(tls.authority, key, TlsStage::now() + 7 * kDay);
  auto server_card = foreign;
  const auto made = tls.authority.issue_server({"x"}, TlsStage::now()).value();
  server_card.certificate = made.chain_pem;
  server_card.key = made.key_pem;
  TlsCard old = tls.guest();
  old.version = TLS1_2_VERSION;
  const std::pair<const char*, TlsCard*> rows[] = {{"of another deployment", &foreign},
                                                   {"expired", &expired},
                                                   {"not valid yet", &early},
                                                   {"a server's certificate", &server_card},
                                                   {"TLS 1.2", &old}};
  for (const auto& [name, card] : rows) {
    card->ca.clear();
    TlsClient client(tls.address, *card);
    EXPECT_EQ(client.ask(kHello), "") << name;
  }
  EXPECT_EQ(tls.stage.dispatched, 0);
  EXPECT_EQ(status_of(TlsClient(tls.address, tls.guest()).ask(kRead)), 200);
}

TEST(TlsServer, ARevokedIdentityIsNobodyFromTheNextRequestOn) {  // SPEC SEC-2
  TlsStage tls;
  const auto card = tls.guest();
  TlsClient client(tls.address, card), stream(tls.address, card);
  EXPECT_EQ(status_of(client.ask(kRead)), 200);
  ASSERT_TRUE(stream.send("GET /events HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return tls.run([&] { return tls.stage.sink != nullptr; }); }));
  tls.run([&] {
    const int before = tls.doorman.objections;
    tls.server().review();
    EXPECT_TRUE(tls.stage.sink->open());
    EXPECT_EQ(tls.doorman.objections, before) << "an open stream is no use of its session";
    tls.doorman.rights.clear();
    tls.server().review();
  });
  EXPECT_EQ(status_of(client.ask(kRead)), 403);
  EXPECT_TRUE(stream.closed_by_server());
  EXPECT_FALSE(tls.run([&] { return tls.stage.sink->open(); }));
}

TEST(TlsServer, StreamsEventsAndLargeAnswers) {
  TlsStage tls;
  TlsClient reader(tls.address, tls.guest());
  const auto answer = reader.ask("GET /big HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 4U << 20);
  EXPECT_EQ(status_of(reader.ask("POST /echo HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" +
                                 std::string(100'000, 'x'))),
            200);
}

TEST(TlsServer, TakesRecordsThatCameTogether) {
  TlsStage tls;
  auto card = tls.guest();
  card.corked = true;
  TlsClient client(tls.address, card);
  // With the end of the handshake, and after it.
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 3; ++j) ASSERT_TRUE(client.send(kHello));
    client.cork(false);
    ASSERT_TRUE(eventually([&] { return tls.stage.dispatched == 3 * (i + 1); })) << i;
    client.cork();
  }
}

TEST(TlsServer, ShowsANewCertificateToTheNext) {
  TlsStage tls;
  TlsClient before(tls.address, tls.guest());
  const auto other = Authority::create(PrivateKey::generate(KeyAlgorithm::ed25519).value()).value();
  const auto made = other.issue_server({"127.0.0.1"}, TlsStage::now()).value();
  tls.run([&] {
    tls.server().use(
        make_tls_context({made.chain_pem, made.key_pem, other.certificate_pem()}).value());
  });
  EXPECT_EQ(status_of(before.ask(kHello)), 200) << "who is inside stays";
  EXPECT_FALSE(TlsClient(tls.address, {"", "", tls.authority.certificate_pem()}).shaken());
  EXPECT_EQ(status_of(TlsClient(tls.address, {"", "", other.certificate_pem()}).ask(kHello)), 200);
}

TEST(TlsContext, RefusesWhatDoesNotFit) {
  const auto authority =
      Authority::create(PrivateKey::generate(KeyAlgorithm::ed25519).value()).value();
  const auto a = authority.issue_server({"a"}, TlsStage::now()).value();
  const auto b = authority.issue_server({"b"}, TlsStage::now()).value();
  const auto& ca = authority.certificate_pem();
  EXPECT_TRUE(make_tls_context({a.chain_pem, a.key_pem, ca}));
  for (const auto& bad :
       {TlsMaterial{a.chain_pem, b.key_pem, ca}, TlsMaterial{"", a.key_pem, ca},
        TlsMaterial{a.chain_pem, "", ca}, TlsMaterial{a.chain_pem, a.key_pem, "nonsense"}})
    EXPECT_EQ(make_tls_context(bad).error().code, "tls-certificate");
}

TEST(TlsServer, SaysWhyItCannotListen) {
  TlsStage tls;
  boost::asio::io_context io;
  ListDoorman doorman;
  for (const auto& address : {tls.address, std::string("203.0.113.1:8201"), std::string("x:1")}) {
    TlsServerConfig config;
    config.listen = address;
    TlsServer server(io, config, Router(), doorman);
    const auto started = server.start(tls.context());
    ASSERT_FALSE(started) << address;
    EXPECT_EQ(started.error().code, "cannot-listen");
  }
}

}  // namespace
}  // namespace latchkey::net
