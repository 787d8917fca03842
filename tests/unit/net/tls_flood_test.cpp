#include <gtest/gtest.h>

#include "tests/unit/net/tls_stage.h"

// SPEC SEC-3: what strangers do at the door does not reach those who are inside.
namespace latchkey::net {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::TlsClient;

/// A TCP connection that says nothing of TLS.
class MuteClient {
 public:
  explicit MuteClient(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const auto parts = split_address(address).value();
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(static_cast<std::uint16_t>(std::stoi(parts.port)));
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0;
  }
  ~MuteClient() {
    if (fd_ >= 0) ::close(fd_);
  }
  MuteClient(MuteClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  MuteClient& operator=(MuteClient&&) = delete;
  bool connected() const { return connected_; }
  void send(std::string_view bytes) const { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  /// The server says something.
  bool hears() const {
    std::array<char, 16 * 1024> bytes{};
    return ::recv(fd_, bytes.data(), bytes.size(), 0) > 0;
  }
  bool is_closed() const {  ///< by now, as far as is known here
    std::array<char, 16 * 1024> bytes{};
    ssize_t size = 1;
    while (size > 0) size = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    return size == 0 || (size < 0 && errno != EAGAIN);
  }
  bool closed_by_server() const {
    char byte = 0;
    const auto size = ::recv(fd_, &byte, 1, 0);
    return size == 0 || (size < 0 && errno == ECONNRESET);
  }

 private:
  int fd_;
  bool connected_ = false;
};

TEST(TlsFlood, WhoSaysNothingAtTheDoorIsSentAway) {
  TlsServerConfig config;
  config.handshake = 100ms;
  TlsStage tls(config);
  MuteClient mute(tls.address), stammering(tls.address);
  stammering.send("\x16\x03\x01");
  EXPECT_TRUE(mute.closed_by_server());
  EXPECT_TRUE(stammering.closed_by_server());
}

TEST(TlsFlood, NonsenseIsNoHandshake) {
  TlsStage tls;
  MuteClient client(tls.address);
  client.send("GET / HTTP/1.1\r\n\r\n");
  std::array<char, 256> rest{};
  while (!client.closed_by_server()) rest[0] = 0;
  EXPECT_EQ(tls.connection_count(), 0U);
}

TEST(TlsFlood, ACrowdAtTheDoorStopsNobodyInside) {
  TlsServerConfig config;
  config.max_handshakes = 16;
  TlsStage tls(config);
  TlsClient inside(tls.address, tls.guest());
  const auto card = tls.guest();
  std::vector<MuteClient> crowd;
  for (int i = 0; i < 400; ++i) {
    crowd.emplace_back(tls.address);
    ASSERT_TRUE(crowd.back().connected());
    if (i % 50 == 0) {
      EXPECT_EQ(status_of(inside.ask(kHello)), 200) << i;
    }
  }
  EXPECT_TRUE(crowd.front().closed_by_server()) << "the oldest makes room";
  EXPECT_EQ(status_of(TlsClient(tls.address, card).ask(kHello)), 200) << "others still come in";
}

/// What a client says first.
std::string client_hello() {
  const openssl::Handle<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  const openssl::Handle<SSL, SSL_free> ssl(SSL_new(context.get()));
  BIO* const said = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), said);
  SSL_connect(ssl.get());
  ERR_clear_error();
  char* data = nullptr;
  const long size = BIO_get_mem_data(said, &data);
  return {data, static_cast<std::size_t>(size)};
}

TEST(TlsFlood, TheSilentGoBeforeThoseWhoHaveBegun) {
  TlsServerConfig config;
  config.max_handshakes = 16;
  TlsStage tls(config);
  const MuteClient begun(tls.address);
  begun.send(client_hello());
  ASSERT_TRUE(begun.hears());
  std::vector<MuteClient> crowd;
  for (int i = 0; i < 64; ++i) crowd.emplace_back(tls.address);
  EXPECT_TRUE(crowd.front().closed_by_server());
  EXPECT_FALSE(begun.is_closed());
}

TEST(TlsFlood, OneAddressTakesNotEveryPlaceOfStrangers) {
  TlsServerConfig config;
  config.strangers_per_address = 4;
  TlsStage tls(config);
  const auto card = tls.guest();
  std::vector<TlsClient> strangers;
  for (int i = 0; i < 4; ++i) {
    strangers.emplace_back(tls.address);
    EXPECT_EQ(status_of(strangers.back().ask(kHello)), 200);
  }
  TlsClient fifth(tls.address);
  EXPECT_EQ(status_of(fifth.read_answer()), 503);
  EXPECT_EQ(status_of(TlsClient(tls.address, card).ask(kHello)), 200);
  strangers.clear();
  ASSERT_TRUE(eventually([&] { return tls.connection_count() == 0; }));
  EXPECT_EQ(status_of(TlsClient(tls.address).ask(kHello)), 200) << "the places are given back";
}

TEST(TlsFlood, KnownClientsHaveABoundOfTheirOwn) {
  TlsServerConfig config;
  config.max_connections = 2;
  TlsStage tls(config);
  const auto card = tls.guest();
  TlsClient first(tls.address, card), second(tls.address, card);
  EXPECT_EQ(status_of(first.ask(kHello)), 200);
  EXPECT_EQ(status_of(second.ask(kHello)), 200);
  TlsClient third(tls.address, card);
  EXPECT_EQ(status_of(third.read_answer()), 503);
}

TEST(TlsFlood, ASlowRequestAndAHugeBodyEndTheirOwnConnectionOnly) {
  TlsServerConfig config;
  config.request = config.stranger_idle = 100ms;
  config.idle = 60s;
  TlsStage tls(config);
  TlsClient honest(tls.address, tls.guest()), slow(tls.address, tls.guest());
  TlsClient idle(tls.address), huge(tls.address);
  ASSERT_TRUE(slow.send("GET /hello HTTP/1.1\r\nA: "));
  EXPECT_EQ(status_of(huge.ask("POST /echo HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n")), 413);
  EXPECT_TRUE(huge.closed_by_server());
  EXPECT_TRUE(slow.closed_by_server());
  EXPECT_TRUE(idle.closed_by_server()) << "a stranger may not idle for long";
  EXPECT_EQ(status_of(honest.ask(kHello)), 200) << "who is known may";
}

TEST(TlsFlood, WhoIsSignedInTakesNoStrangersPlace) {  // a page's event stream holds a connection
  TlsServerConfig config;
  config.strangers_per_address = 2;
  TlsStage tls(config);
  std::vector<TlsClient> pages;
  for (int i = 0; i < 6; ++i) {
    auto& page = pages.emplace_back(tls.address);
    EXPECT_EQ(status_of(page.ask("GET /read HTTP/1.1\r\nCookie: session\r\n\r\n")), 200) << i;
  }
  TlsClient first(tls.address), second(tls.address), third(tls.address);
  for (auto* stranger : {&first, &second}) EXPECT_EQ(status_of(stranger->ask(kHello)), 200);
  EXPECT_EQ(status_of(third.ask(kHello)), 503) << "strangers are counted as before";
}

}  // namespace
}  // namespace latchkey::net
