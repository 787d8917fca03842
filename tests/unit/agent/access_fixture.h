#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "agent/app/access_desk.h"
#include "agent/app/peer_desk.h"
#include "core/access/enrolment_token.h"
#include "tests/support/certificate_request.h"
#include "tests/support/fake_store.h"
#include "tests/support/manual_reactor.h"
#include "tests/support/sample_vendor.h"
#include "tests/support/temp_dir.h"

namespace latchkey {

struct SetClock final : Clock {
  Time now() const override { return time; }
  Time time = test::at("2026-06-01T00:00:00Z");
};

inline const net::Caller kRoot{rights_of(Role::administrator), "root", "uid:0"};
inline const net::Origin kFrom{"10.0.0.9", ""};
inline constexpr const char* kPassword = "correct horse battery";

/// One node with a disk that answers when the test says so.
class AccessDeskFixture : public ::testing::Test {
 protected:
  using Outcome = std::optional<Result<nlohmann::json>>;
  static AccessBackend::JsonDone into(Outcome& outcome) {
    return [&outcome](Result<nlohmann::json> result) { outcome = std::move(result); };
  }
  void settle() {
    store_.answer_all();
    desk_.look();
    reactor_.run_posted();
  }
  std::string token(Role role = Role::consumer, std::chrono::seconds life = std::chrono::hours(1)) {
    Outcome outcome;
    desk_.create_token(kRoot, {role, "web", life}, into(outcome));
    settle();
    return outcome.value()->at("token");
  }
  Outcome enrol(const std::string& token, const PrivateKey& key) {
    Outcome outcome;
    desk_.enrol(kFrom, token, test::certificate_request(key), into(outcome));
    settle();
    return outcome;
  }
  std::string refusal(const std::string& token, const PrivateKey& key) {
    const auto outcome = enrol(token, key);
    return outcome.value() ? "" : outcome.value().error().code;
  }
  static PrivateKey new_key() { return PrivateKey::generate(KeyAlgorithm::ecdsa_p256).value(); }
  net::Request request(const PrivateKey& key) const {
    net::Request request;
    request.method = "GET";
    request.from = {"10.0.0.9", key.public_key().fingerprint()};
    return request;
  }
  static std::string code(const std::optional<net::Response>& response) {
    return response ? nlohmann::json::parse(response->body).value("code", "") : "";
  }
  void set_account(Role role = Role::administrator) {
    Outcome outcome;
    desk_.set_account(kRoot, {"mary", role, kPassword}, into(outcome));
    EXPECT_TRUE(reactor_.run_until([&] { return !store_.requests.empty(); }));
    settle();
    EXPECT_TRUE(outcome && *outcome);
  }
  net::Response login(const std::string& name, const std::string& password) {
    std::optional<net::Response> answer;
    desk_.open_session(kFrom, name, password,
                       [&](net::Response response) { answer = std::move(response); });
    EXPECT_TRUE(reactor_.run_until([&] { return answer.has_value(); }));
    return answer.value();
  }
  static std::string cookie_in(const net::Response& response) {
    for (const auto& [name, value] : response.headers)
      if (name == "Set-Cookie") return value.substr(0, value.find(';'));
    return "";
  }
  /// What the other node wrote.
  void hear(AccessFact fact, Time time) {
    const Fact heard{time, std::string(32, 'a'), 1, "other", std::move(fact)};
    log_.receive({{encode(heard, "")}, {}}, [](const Result<void>&) {});
    reactor_.run_posted();
    settle();
  }

  const test::TempDir dir_;
  const Identity identity_ = Identity::load_or_create(dir_.path()).value();
  const test::SampleVendor vendor_{};
  boost::asio::io_context context_;
  test::ManualReactor reactor_;
  test::FakeStore store_;
  SetClock clock_;
  NodeLog log_{reactor_,
               clock_,
               store_,
               system_random,
               {identity_.node_id(), std::chrono::seconds(3), std::chrono::seconds(30)},
               {std::string(32, 'c'), {}, {}},
               [] {}};
  Identity peer_identity_ = identity_;
  ReadSettings peer_settings_{vendor_.trust(), identity_.deployment_key().public_key()};
  AgentClock peer_clock_{StoreContents{}};
  PeerDesk peer_desk_{log_, peer_clock_, peer_identity_, peer_settings_, [] {}};
  PeerLink link_{context_, reactor_, clock_, PeerConfig{}, peer_desk_};
  AccessDesk desk_{
      {reactor_, clock_, log_, link_, identity_, [] { return NodeNames(); }, system_random}};
};

}  // namespace latchkey
