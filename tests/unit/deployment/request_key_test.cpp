#include "core/deployment/request_key.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "core/license/envelope.h"

namespace latchkey {
namespace {

using nlohmann::json;

class RequestKeys : public testing::Test {
 protected:
  static PrivateKey new_key(KeyAlgorithm algorithm = KeyAlgorithm::ed25519) {
    return PrivateKey::generate(algorithm).value();
  }
  RequestKey request() const {
    return {deployment_id(key_.public_key()),
            "1.2",
            *parse_time("2026-06-01T00:00:00Z"),
            {{"aa", "node-a", {{"dmi-uuid", std::string(64, '1')}}, {"board-serial"}},
             {"bb", "node-b", {}, {}}}};
  }
  std::string made() const { return make_request_key(request(), key_).value(); }
  /// `request()` with `change` made to its payload, signed by `signer`.
  std::string altered(const std::function<void(json&)>& change, const PrivateKey& signer) const {
    const auto envelope = parse_envelope(as_bytes(made())).value();
    auto payload = json::parse(envelope.payload);
    change(payload);
    return make_envelope(kRequestKeyType, payload.dump(), {&signer, 1}).value();
  }
  static std::string refusal(const std::string& text) {
    const auto result = verify_request_key(as_bytes(text));
    return result ? "" : result.error().code;
  }

  const PrivateKey key_ = new_key();
};

TEST_F(RequestKeys, CoverEveryNodeAndSayWhichTheyCannot) {  // SPEC REQ-1
  const auto read = verify_request_key(as_bytes(made()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, request());
  EXPECT_TRUE(read->nodes[0].covered());
  EXPECT_FALSE(read->nodes[1].covered());
}

TEST_F(RequestKeys, VouchForThemselves) {  // SPEC REQ-1 signed by the deployment's own key
  const auto other = new_key();
  const auto nothing = [](json&) {};
  EXPECT_EQ(refusal(altered(nothing, key_)), "");
  EXPECT_EQ(refusal(altered(nothing, other)), "signature-invalid");
  // Another's key inside, and its good signature: still not this deployment.
  EXPECT_EQ(refusal(altered(
                [&](json& payload) { payload["public_key"] = to_base64(other.public_key().der()); },
                other)),
            "signature-invalid");
  auto envelope = parse_envelope(as_bytes(made())).value();
  envelope.payload[envelope.payload.size() / 2] ^= 1;
  EXPECT_NE(refusal(serialise(envelope)), "");
}

TEST_F(RequestKeys, AreReadStrictly) {  // SPEC SEC-3
  const std::vector<std::pair<std::string, std::function<void(json&)>>> rows{
      {"no deployment", [](json& p) { p.erase("deployment"); }},
      {"no key", [](json& p) { p.erase("public_key"); }},
      {"a key of another kind",
       [](json& p) {
         p["public_key"] = to_base64(new_key(KeyAlgorithm::ecdsa_p256).public_key().der());
       }},
      {"no nodes", [](json& p) { p["nodes"] = json::array(); }},
      {"a node twice", [](json& p) { p["nodes"][1]["node"] = "aa"; }},
      {"too many nodes", [](json& p) { p["nodes"] = json(17, p["nodes"][0]); }},
      {"a member that nobody knows", [](json& p) { p["valid"] = true; }},
      {"a short hash", [](json& p) { p["nodes"][0]["factors"]["dmi-uuid"] = "11"; }},
      {"a hash in capitals",
       [](json& p) { p["nodes"][0]["factors"]["dmi-uuid"] = std::string(64, 'A'); }},
      {"a factor that is no name",
       [](json& p) { p["nodes"][0]["factors"]["\x1b[2J"] = std::string(64, '1'); }},
      {"too many factors",
       [](json& p) {
         for (int i = 0; i < 17; ++i)
           p["nodes"][0]["factors"]["f" + std::to_string(i)] = std::string(64, '1');
       }},
      {"a name that steers the terminal", [](json& p) { p["nodes"][0]["name"] = "\x1b[2J"; }},
      {"too long", [](json& p) { p["version"] = std::string(70'000, 'x'); }},
  };
  for (const auto& [what, change] : rows)
    EXPECT_EQ(refusal(altered(change, key_)), "invalid-format") << what;
  EXPECT_EQ(refusal(make_envelope("text/plain", "{}", {&key_, 1}).value()), "invalid-format");
  EXPECT_EQ(refusal("{}"), "invalid-format");
}

TEST_F(RequestKeys, NoneIsMadeThatWouldBeRefused) {
  auto bad = request();
  bad.nodes.clear();
  EXPECT_EQ(make_request_key(bad, key_).error().code, "invalid-format");
  EXPECT_EQ(make_request_key(request(), new_key()).error().code, "signature-invalid");
}

}  // namespace
}  // namespace latchkey
