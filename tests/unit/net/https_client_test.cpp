#include "agent/net/https_client.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/net/tls_stage.h"

namespace latchkey::net {
namespace {

using namespace std::chrono_literals;

/// One request of a client on the stage's own reactor.
class HttpsClientTest : public ::testing::Test {
 protected:
  Result<HttpsAnswer> ask(const std::string& server, const HttpsCard& card, HttpsRequest request,
                          std::chrono::milliseconds deadline = 20s) {
    std::promise<Result<HttpsAnswer>> answered;
    std::unique_ptr<HttpsCall> call;
    stage_.run([&] {
      call = HttpsClient(stage_.io(), deadline)
                 .ask(server, card, std::move(request),
                      [&](Result<HttpsAnswer> answer) { answered.set_value(std::move(answer)); });
    });
    auto answer = answered.get_future().get();
    stage_.run([&] { call.reset(); });
    return answer;
  }
  std::string code(const std::string& server, const HttpsCard& card) {
    const auto answer = ask(server, card, {"GET", "/hello"});
    return answer ? std::to_string(answer->status) : answer.error().code;
  }
  HttpsCard pinned() const { return {stage_.authority.pin()}; }
  std::string server() const { return "https://" + stage_.address; }
  std::string port() const { return stage_.address.substr(stage_.address.rfind(':') + 1); }

  TlsStage stage_;
};

TEST_F(HttpsClientTest, AsksWhomThePinVouchesFor) {  // SPEC SRV-2, SRV-3
  const auto hello = ask(server(), pinned(), {"GET", "/hello"});
  ASSERT_TRUE(hello) << hello.error().message;
  EXPECT_EQ(hello->status, 200);
  EXPECT_EQ(hello->body, "hello 127.0.0.1");
  EXPECT_EQ(ask(server(), pinned(), {"POST", "/echo", std::string(3000, 'x')})->body, "3000");
  EXPECT_EQ(ask(server(), pinned(), {"GET", "/nowhere"})->status, 404);

  const auto guest = stage_.guest();
  HttpsCard card = pinned();
  card.certificate = guest.certificate;
  card.key = guest.key;
  EXPECT_EQ(ask(server(), card, {"GET", "/read"})->status, 200);
}

TEST_F(HttpsClientTest, TrustsNobodyElse) {  // SPEC SEC-2
  const auto other = Authority::create(PrivateKey::generate(KeyAlgorithm::ed25519).value()).value();
  EXPECT_EQ(code(server(), {other.pin()}), "server-untrusted");
  EXPECT_EQ(code(server(), {other.pin(), stage_.authority.certificate_pem()}), "200");
  EXPECT_EQ(code(server(), {stage_.authority.pin(), other.certificate_pem()}), "server-untrusted");
  EXPECT_EQ(code("https://localhost:" + port(), pinned()), "server-untrusted")
      << "its certificate has another name";
  EXPECT_EQ(code(server(), {stage_.authority.pin(), "no PEM"}), "tls-certificate");
}

TEST_F(HttpsClientTest, DoesNotWaitForEver) {
  EXPECT_EQ(code("https://127.0.0.1:1", pinned()), "server-unreachable");
  const auto late = ask(server(), pinned(), {"GET", "/later"}, 300ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "server-unreachable");
  const auto big = ask(server(), pinned(), {"GET", "/big"});
  ASSERT_FALSE(big) << "4 MiB are no answer";
  EXPECT_EQ(big.error().code, "server-unreachable");
}

TEST(HttpsAddress, IsSpelledOneWay) {
  EXPECT_EQ(canonical_server("https://hq"), "https://hq:8201");
  EXPECT_EQ(canonical_server("https://hq:82/"), "https://hq:82");
  EXPECT_EQ(canonical_server("https://[::1]"), "https://[::1]:8201");
  EXPECT_EQ(canonical_server("https://[::1]:9"), "https://[::1]:9");
  for (const char* bad : {"", "hq", "http://hq", "https://", "https://:8201", "https://a/b",
                          "https://u@hq", "https://hq:x", "https://hq:99999", "https://a b"})
    EXPECT_EQ(canonical_server(bad).error().code, "address-invalid") << bad;
}

}  // namespace
}  // namespace latchkey::net
