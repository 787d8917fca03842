#include "tests/unit/cli/fixture.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

class UpstreamVerb : public CliTest {
 protected:
  std::vector<std::string> calls() {
    return server.run([&] { return backend.sites.calls; });
  }
};

TEST_F(UpstreamVerb, SaysWhatIsHeld) {  // SPEC SRV-3
  EXPECT_EQ(latchkey({"upstream"}).out,
            "No upstream: this deployment lives on licenses of its own.\n");
  backend.sites.body = {{"state", "connected"},
                        {"servers", {"https://hq:8201"}},
                        {"identity", "ab12"},
                        {"deployment", std::string(64, 'd')},
                        {"draws_here", true},
                        {"good_until", "2026-06-02T00:00:00Z"},
                        {"problem", nullptr},
                        {"pools", json::array({{{"object", "kvm"},
                                                {"unit", "cpu-socket"},
                                                {"held", 8},
                                                {"until", "2027-06-02T00:00:00Z"}}})}};
  EXPECT_EQ(latchkey({"upstream", "show"}).out,
            "Upstream  connected\n"
            "Server    https://hq:8201\n"
            "Identity  ab12 there, deployment dddddddddddddddd\n"
            "Pool      kvm cpu-socket: 8 held, licensed until 2027-06-02 00:00 UTC\n");
  backend.sites.body["state"] = "unavailable";
  backend.sites.body["draws_here"] = false;
  backend.sites.body["problem"] = {
      {"code", "server-unreachable"}, {"message", "Nobody answers."}, {"cure", "Look."}};
  const auto shown = latchkey({"upstream"}).out;
  EXPECT_NE(shown.find("Counts    until 2026-06-02 00:00 UTC, since nobody answers\n"
                       "Problem   Nobody answers. [server-unreachable]\n"
                       "To do     Look.\n"
                       "The other node draws for this deployment.\n"),
            std::string::npos)
      << shown;
  EXPECT_EQ(json::parse(latchkey({"--json", "upstream"}).out), backend.sites.body);
}

TEST_F(UpstreamVerb, ConnectsWithOneCommand) {  // SPEC SRV-2, SRV-3
  EXPECT_EQ(
      latchkey({"upstream", "connect", "https://hq:8201", "https://10.0.0.1", "--token", "LKE-1"})
          .exit_code,
      kOk);
  EXPECT_EQ(latchkey({"upstream", "disconnect"}).exit_code, kOk);
  ASSERT_EQ(calls().size(), 2U);
  EXPECT_EQ(calls()[0], "connect with LKE-1 and ca  to https://hq:8201 to https://10.0.0.1");
  EXPECT_TRUE(calls()[1].starts_with("disconnect by"));
  EXPECT_NE(latchkey({"upstream", "connect", "https://hq:8201"}).exit_code, kOk);
  backend.sites.result = fail("site-loop", "A ring.", "Leave it.");
  EXPECT_EQ(latchkey({"upstream", "connect", "https://hq", "--token", "LKE-1"}).exit_code,
            kRefused);
}

}  // namespace
}  // namespace latchkey::cli
