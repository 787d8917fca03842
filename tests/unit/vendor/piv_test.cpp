#include <sys/stat.h>

#include <regex>

#include "tests/unit/vendor/emulated_keys.h"

namespace latchkey {
namespace {

using nlohmann::json;

/// A vendor's desk with PIV tokens.
class PivDesk : public test::EmulatedKeys {
 protected:
  json look(const std::string& key) {
    return json::parse(run("inspect --json" + at_port(key)).out);
  }
  std::string prepare(const std::string& key, const std::string& more = "") {
    const auto ran = run("prepare" + at_port(key) + " " + more);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return ran.out.substr(0, ran.out.find('\n'));
  }
};

TEST_F(PivDesk, MakesAFactoryNewTokenALicenseKey) {
  for (const std::string key : {"token", "modern"}) {
    EXPECT_EQ(refusal("key-id" + at_port(key)), "not-a-key");
    EXPECT_EQ(look(key)["problem"], "no license key yet");
    const auto id = prepare(key);
    EXPECT_EQ(parse_key_id(id), id);
    EXPECT_EQ(id_of(key), id);
    issue(id, "--id L-1 -o @license");
    EXPECT_EQ(run(provision("license", key)).out, id + " carries license L-1\n");
    issue(id, "--id L-2 -o @renewal");
    EXPECT_EQ(run(provision("renewal", key)).out, id + " carries license L-2\n");
    const auto about = look(key);
    EXPECT_EQ(about["key_id"], id);
    EXPECT_EQ(about["driver"], "piv");
    EXPECT_EQ(about["certificate"], "CN=" + id);
    EXPECT_EQ(about["algorithm"], "ecdsa-p256");
    EXPECT_EQ(about["slots"][0]["license"], "L-1");
    EXPECT_EQ(about["slots"][1]["license"], "L-2");
    EXPECT_EQ(about["slots"][1]["generation"], 2);
    EXPECT_EQ(about["in_use"], 1);
    EXPECT_EQ(about["management_key"]["factory"], true);
  }
}

TEST_F(PivDesk, GivesATokenAManagementKeyOfItsOwn) {
  std::string lines;
  for (const std::string key : {"token", "modern"}) {
    const auto id = prepare(key, "--management-key-out @keys.txt");
    const auto algorithm = key == "token" ? "3des" : "aes192";
    EXPECT_EQ(look(key)["management_key"], (json{{"factory", false}, {"algorithm", algorithm}}));
    issue(id, "--id L-1 -o @license");
    EXPECT_EQ(refusal(provision("license", key)), "refused");
    expect_done(provision("license", key) + " --management-keys @keys.txt");
    lines += id + " " + algorithm + " [0-9a-f]{48}\n";
  }
  EXPECT_TRUE(std::regex_match(read("keys.txt"), std::regex(lines))) << read("keys.txt");
  struct stat status {};
  ASSERT_EQ(::stat(path("keys.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(PivDesk, DestroysNothingWithoutForce) {
  const auto id = prepare("token", "--management-key-out @keys.txt");
  const auto again = run("prepare" + at_port("token"));
  EXPECT_EQ(again.code, 1);
  EXPECT_NE(again.err.find("token-in-use: The token holds a private key in slot 9E, a certificate "
                           "in 5FC101 (CN=" +
                           id + ")"),
            std::string::npos)
      << again.err;
  EXPECT_EQ(refusal("prepare --force" + at_port("token")), "refused") << "management key";
  EXPECT_EQ(id_of("token"), id);
  const auto next = prepare("token", "--force --management-keys @keys.txt");
  EXPECT_NE(next, id);
  issue(next, "-o @license");
  const auto known = " --management-keys @keys.txt";
  EXPECT_EQ(refusal(provision("license", "token") + known), "refused") << "no line for its new ID";
  const auto third =
      prepare("token", "--force --managed-as " + id +
                           " --management-keys @keys.txt --management-key-out @keys.txt");
  issue(third, "-o @license");
  expect_done(provision("license", "token") + known);
}

TEST_F(PivDesk, OnlyTokensArePrepared) {
  EXPECT_EQ(refusal("prepare" + at_port("alpha")), "not-a-piv-token");
  EXPECT_EQ(refusal("prepare" + at_port("gamma")), "gone");
  EXPECT_EQ(refusal("prepare --device /dev/null"), "gone");
}

TEST_F(PivDesk, AFileOfManagementKeysIsItsOwnersAlone) {
  write("keys.txt", "");
  ASSERT_EQ(::chmod(path("keys.txt").c_str(), 0644), 0);
  EXPECT_EQ(refusal("prepare --management-key-out @keys.txt" + at_port("token")),
            "insecure-management-keys");
  EXPECT_EQ(refusal(provision("license", "alpha") + " --management-keys @keys.txt"), "cannot-read");
}

TEST_F(PivDesk, InspectShowsWhatIsOnAHidKeyToo) {
  const auto id = id_of("alpha");
  issue(id, "--id L-1 -o @license");
  EXPECT_EQ(look("alpha")["slots"][0]["empty"], true);
  expect_done(provision("license", "alpha"));
  const auto about = look("alpha");
  EXPECT_EQ(about["key_id"], id);
  EXPECT_EQ(about["driver"], "hidkey");
  EXPECT_EQ(about["algorithm"], "ed25519");
  EXPECT_EQ(about["slots"][0]["license"], "L-1");
  EXPECT_EQ(about["slots"][0]["generation"], 1);
  EXPECT_EQ(about["in_use"], 0);
  const auto text = run("inspect" + at_port("alpha")).out;
  EXPECT_NE(text.find("driver:         hidkey (emulated port)\nkey ID:         " + id + "\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace latchkey
