#include <gtest/gtest.h>

#include "core/base/sha256.h"
#include "core/deployment/fact.h"

namespace latchkey {
namespace {

constexpr Time kAt{std::chrono::milliseconds(1767225600123)};  // 2026-01-01T00:00:00.123Z

KeyReading working() {
  return {{},
          "LK-1",
          LicenseSummary{"aa", "lic", kAt, {{kAt, kAt + kDay}}},
          RemovalStamp{kAt, kAt + kDay},
          ""};
}

const std::vector<FactBody>& bodies() {
  static const std::vector<FactBody> kBodies{
      NodeStarted{"1"},
      NodeStopped{},
      NodeJoined{"b", ""},
      NodeJoined{"c", "b"},
      NodeFactors{"dd", {{"dmi-uuid", std::string(64, '1')}}, {"board-serial"}},
      NodeFactors{"dd", {}, {}},
      KeyRead{"1-1:2", "hidkey", working()},
      KeyRead{"1-1:2", "hidkey", {KeyFault::busy, "", {}, {}, "held by \xff"}},
      KeyGone{"1-1:2", false},
      KeyGone{"1-1:2", true},
      PeerLost{"b"},
      PeerFound{"b"},
      HistoryWarning{"history-restored", "x"},
      LicenseImported{"LK-1", *working().license, "root", "file"},
      LicenseImported{"", *working().license, "root", "file", "bb"},
      LicenseDeleted{"aa", "lic", "root"},
      LicenseWithdrawn{"LK-1", "aa", "lic", "revoked"},
      TrustInstalled{7, "ff", "root"},
      ImportRefused{"expired", "it has expired", "root", "file", "ee"},
      ClockJumped{kAt, kAt + kDay},
      TimeRepaired{"T-1", kAt, "ff", {{"c1", 7}}, true, "root"},
      TimeRepaired{"T-1", kAt, "ff", {}, false, "root"},
      LeaseReleased{"vm-1", 1, 7, {{{"kvm", "cpu-socket"}, 4}}, "root", "it hangs"},
      LeasesTaken{3, "administrator", "root"},
      LeasesTaken{kMaxEpoch, "vip", ""},
      ConsumerTermsSet{"vm-1", {{{"kvm", "host"}, 1}}, {}, {{{"kvm", "host"}, 2}}, "root"},
      TokenCreated{std::string(16, '1'), std::string(64, '2'), Role::consumer, "web-1", kAt,
                   "root"},
      IdentityEnrolled{std::string(16, '3'), Role::client_site, "site", std::string(64, '4'),
                       std::string(16, '1')},
      IdentityRevoked{std::string(16, '3'), "root", "lost \xff"},
      IdentityRevoked{std::string(16, '3'), "root", ""},
      AccountSet{"mary", Role::administrator, "scrypt:1", "root"},
      AccountDeleted{"mary", "root"},
      UpstreamConnected{{"https://hq:8201", "https://10.0.0.1:8201"},
                        std::string(64, '5'),
                        "CA\n",
                        "PEM\n",
                        std::string(16, '6'),
                        std::string(16, '7'),
                        "a2V5",
                        "root"},
      UpstreamConnected{{"https://hq:8201"},
                        std::string(64, '5'),
                        "",
                        "PEM\n",
                        std::string(16, '6'),
                        std::string(16, '7'),
                        "a2V5",
                        "root"},
      UpstreamDisconnected{"root"},
      UpstreamHeld{"{}", {{{"kvm", "cpu-socket"}, 8}}, 86'398},
      UpstreamLost{"server-unreachable", "nobody answers", "look", 0},
      UnknownFact{"license-lent"},
  };
  return kBodies;
}

TEST(FactCodec, EveryKindSurvivesTheRoundTrip) {
  for (const auto& body : bodies()) {
    const Fact fact{kAt, "c1", 7, "a", body};
    const auto encoded = encode(fact, "prev");
    const auto decoded = decode_fact(encoded.text);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->prev, "prev");
    EXPECT_EQ(decoded->hash, encoded.hash);
    // What is not UTF-8 in a detail is replaced; everything else comes back as it was.
    EXPECT_EQ(encode(decoded->fact, "prev").text, encoded.text);
  }
}

// SPEC REC-2, BUF-10: any change of a fact or of its place in the chain changes the hash
TEST(FactCodec, HashCoversTheTextAndThePreviousHash) {
  const Fact fact{kAt, "c1", 7, "a", KeyGone{"p", false}};
  const auto encoded = encode(fact, "prev");
  EXPECT_EQ(encoded.hash, content_hash(as_bytes(encoded.text)));
  EXPECT_NE(encode(fact, "other").hash, encoded.hash);
  Fact later = fact;
  later.at += std::chrono::milliseconds(1);
  EXPECT_NE(encode(later, "prev").hash, encoded.hash);
}

// SPEC SEC-3
TEST(FactCodec, RefusesWhatIsNoFact) {
  const std::string good = encode({kAt, "c1", 7, "a", KeyRead{"p", "d", working()}}, "").text;
  const auto with = [&](const std::string& from, const std::string& to) {
    auto text = good;
    const auto place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    return text.replace(place, from.size(), to);
  };
  const std::string bad[] = {
      "",
      "[]",
      "{}",
      good.substr(0, good.size() - 1),
      with("\"seq\":7", "\"seq\":0"),
      with("\"seq\":7", "\"seq\":-1"),
      with("\"seq\":7", "\"seq\":\"7\""),
      with("\"node\":\"a\"", "\"node\":\"\""),
      with("2026-01-01T00:00:00.123Z", "yesterday"),
      with("\"key\":\"LK-1\"", "\"key\":\"\""),
      with("\"windows\":[[", "\"windows\":[[1,"),
      with("\"windows\":[", "\"windows\":[],\"x\":["),
      with("\"reading\":{", "\"reading\":{\"fault\":\"tired\","),
      "{\"at\":\"" + std::string(70'000, 'x') + "\"}",
      "{\"at\":\"2026-01-01T00:00:00Z\",\"chain\":\"c\",\"node\":\"a\",\"prev\":\"\",\"seq\":1,"
      "\"kind\":\"node-factors\",\"deployment\":\"dd\",\"factors\":{\"dmi-uuid\":\"11\"}}",
      "{\"at\":\"2026-01-01T00:00:00Z\",\"chain\":\"c\",\"node\":\"a\",\"prev\":\"\",\"seq\":1,"
      "\"kind\":\"trust-installed\",\"version\":0,\"document\":\"ff\",\"by\":\"root\"}",
  };
  for (const auto& text : bad) {
    const auto decoded = decode_fact(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, "invalid-fact");
    EXPECT_FALSE(decoded.error().cure.empty());
  }
}

}  // namespace
}  // namespace latchkey
