#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "core/deployment/request_key.h"
#include "tests/unit/vendor/command_line.h"

namespace latchkey {
namespace {

using nlohmann::json;
using test::at;

class Vendor : public test::CommandLine {
 protected:
  mode_t mode(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(::stat(path(name).c_str(), &status), 0) << name;
    return status.st_mode & 0777;
  }
  std::string verdict(const std::string& file) const {
    return refusal("verify @" + file + " --root @root --bundle @bundle.json");
  }

  const std::string id_ = key_id(as_bytes("key"));
};

TEST_F(Vendor, PrivateKeysRestEncryptedAndAreTheirOwnersAlone) {
  found_vendor();
  for (const std::string key : {"root", "issuer"}) {
    EXPECT_EQ(mode(key + ".key"), 0600u);
    EXPECT_EQ(mode(key + ".pub"), 0644u);
    EXPECT_TRUE(PrivateKey::from_pem(read(key + ".key"), "secret")) << key;
    EXPECT_EQ(PrivateKey::from_pem(read(key + ".key")).error().code, "wrong-passphrase") << key;
    EXPECT_EQ(PrivateKey::from_pem(read(key + ".key"), "secret")->public_key(),
              PublicKey::from_pem(read(key + ".pub")).value());
  }
}

TEST_F(Vendor, AQuickstartMakesWhatTheThreeCommandsMake) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(path("."));
  const auto ran = run("quickstart --days 365");
  const auto again = refusal("quickstart");
  std::filesystem::current_path(before);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(again, "file-exists");
  EXPECT_EQ(mode("root.key"), 0600u);
  issue(id_, "-o @license");
  EXPECT_EQ(verdict("license"), "");
}

TEST_F(Vendor, AQuickstartSignsNothingThatNoAgentReads) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(path("."));
  const auto refused = refusal("quickstart --name a/b");
  std::filesystem::current_path(before);
  EXPECT_EQ(refused, "invalid-format");
  EXPECT_FALSE(std::filesystem::exists(path("bundle.json")));
}

TEST_F(Vendor, NeverOverwritesAKey) {
  expect_done("root create -o @root");
  const auto before = read("root.key");
  EXPECT_EQ(refusal("root create -o @root"), "file-exists");
  EXPECT_EQ(refusal("issuer create --name i --days 1 -o @root.key"), "file-exists");
  EXPECT_EQ(read("root.key"), before);
}

TEST_F(Vendor, PassphraseComesFromAFileBeforeTheEnvironment) {
  write("passphrase", "from a file\nsecond line\n");
  expect_done("root create -o @root --passphrase-file @passphrase");
  EXPECT_TRUE(PrivateKey::from_pem(read("root.key"), "from a file"));
  EXPECT_EQ(refusal("trust sign --root @root -o @bundle.json"), "wrong-passphrase");
  expect_done("trust sign --root @root -o @bundle.json --passphrase-file @passphrase");
  write("passphrase", "\n");
  EXPECT_EQ(refusal("root create -o @other --passphrase-file @passphrase"), "empty-passphrase");
  EXPECT_EQ(refusal("root create -o @other --passphrase-file @nothing"), "cannot-read");
}

TEST_F(Vendor, ABundleThatStartsAnewOverwritesNone) {  // SPEC SEC-5
  found_vendor();
  const auto before = read("bundle.json");
  const auto ran = run("trust sign --root @root --issuer @issuer -o @bundle.json");
  EXPECT_NE(ran.err.find("file-exists"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("--previous"), std::string::npos) << ran.err;
  EXPECT_EQ(read("bundle.json"), before);
  expect_done("trust sign --root @root --issuer @issuer -o /dev/null");  // nothing is lost there
  expect_done("trust sign --root @root --previous @bundle.json -o @bundle.json");
  EXPECT_NE(read("bundle.json"), before);
}

TEST_F(Vendor, IssuesWhatAnAgentVerifies) {
  found_vendor();
  issue(id_, "--entry vmware:cpu-core:4:module --id L-7 --serial 9 --supersedes L-6 -o @license");
  EXPECT_EQ(verdict("license"), "");
  const RootSet roots{{PublicKey::from_pem(read("root.pub")).value()}, 1};
  const auto trust = TrustStore::open(roots, as_bytes(read("bundle.json"))).value();
  const auto license = trust.verify_license(as_bytes(read("license")));
  ASSERT_TRUE(license) << license.error().message;
  const ValidityWindow june{at("2026-06-01T00:00:00Z"), at("2026-07-01T00:00:00Z")};
  const LicenseDocument expected{"L-7",
                                 9,
                                 june.not_before,
                                 "issuer-1",
                                 "Acme",
                                 KeyBinding{id_},
                                 {{"kvm", "cpu-socket", 10, EntryKind::base, june, {}},
                                  {"vmware", "cpu-core", 4, EntryKind::module, june, {}}},
                                 KeyAssurance::possession,
                                 {"L-6"}};
  EXPECT_EQ(license->document, expected);
}

TEST_F(Vendor, ReadsTheKeyIdAsThePersonTypedIt) {  // SPEC REQ-3
  found_vendor();
  auto typed = id_;
  std::erase(typed, '-');
  issue(typed, "-o @license");
  EXPECT_NE(run("inspect @license").out.find(id_), std::string::npos);
  typed[5] = typed[5] == 'X' ? 'Y' : 'X';
  EXPECT_EQ(refusal("issue --issuer @issuer --key-id " + typed +
                    " --entry kvm:cpu-socket:10 --customer Acme --days 30"),
            "invalid-key-id");
}

TEST_F(Vendor, DatesAreTakenAsGiven) {
  found_vendor();
  expect_done("issue --issuer @issuer --key-id " + id_ +
              " --entry kvm:vm:1 --customer A --issued 2026-06-02 --not-before 2026-07-01 "
              "--not-after 2026-07-02T12:00:00Z -o @license");
  const auto payload = json::parse(run("inspect --json @license").out)["payload"];
  EXPECT_EQ(payload["issued"], "2026-06-02T00:00:00Z");
  EXPECT_EQ(payload["entries"][0]["not_before"], "2026-07-01T00:00:00Z");
  EXPECT_EQ(payload["entries"][0]["not_after"], "2026-07-02T12:00:00Z");
}

TEST_F(Vendor, RefusesToSignWhatAnAgentWouldRefuse) {
  found_vendor();
  const std::string start = "issue --issuer @issuer --key-id " + id_ + " --customer A ";
  const struct {
    std::string rest;
    std::string code;
  } rows[] = {
      {"--entry kvm:vm:1 --days 30", ""},
      {"--entry kvm:vm:0 --days 30", "invalid-entry"},
      {"--entry kvm:vm --days 30", "invalid-entry"},
      {"--entry kvm:vm:1:plus --days 30", "invalid-entry"},
      {"--entry kvm:vm:1x --days 30", "invalid-entry"},
      {"--entry kvm:vm:-1 --days 30", "invalid-entry"},
      {"--entry :vm:1 --days 30", "invalid-format"},
      {"--entry kvm:vm:1 --days 30 --id a/b", "invalid-format"},
      {"--entry kvm:vm:1 --days 30 --issued yesterday", "invalid-time"},
      {"--entry kvm:vm:1 --not-after 2026-05-31", "invalid-time"},
      {"--entry kvm:vm:1 --days 30 --issued 2026-05-31", "issuer-not-valid"},
      {"--entry kvm:vm:1 --days 30 --issued 2027-06-01", "issuer-not-valid"},
      {"--entry kvm:vm:1", "usage"},
      {"--entry kvm:vm:1 --days 30 --not-after 2027-01-01", "usage"},
      {"--days 30", "usage"},
  };
  for (const auto& row : rows) EXPECT_EQ(refusal(start + row.rest), row.code) << row.rest;
}

TEST_F(Vendor, AnIssuingKeyKeepsToItsScopes) {  // SPEC SEC-5
  expect_done("issuer create --name small --scope license:kvm --days 30 -o @small");
  const std::string start = "issue --issuer @small --customer A --days 1 --key-id " + id_;
  EXPECT_EQ(refusal(start + " --entry kvm:vm:1"), "");
  EXPECT_EQ(refusal(start + " --entry vmware:vm:1"), "issuer-not-valid");
  EXPECT_EQ(refusal("issuer create --name i --scope everything --days 1 -o @i"), "invalid-scope");
}

TEST_F(Vendor, RevocationsOutliveTheNextBundle) {  // SPEC LIC-5 revoked
  found_vendor();
  issue(id_, "--id L-1 -o @one");
  issue(key_id(as_bytes("other")), "--id L-2 -o @two");
  expect_done(
      "trust sign --root @root --previous @bundle.json --revoke-license L-1 -o @bundle.json");
  EXPECT_EQ(verdict("one"), "revoked");
  EXPECT_EQ(verdict("two"), "");
  expect_done("trust sign --root @root --previous @bundle.json --revoke-key-id " +
              key_id(as_bytes("other")) + " -o @bundle.json");
  EXPECT_EQ(verdict("one"), "revoked");
  EXPECT_EQ(verdict("two"), "revoked");
  EXPECT_EQ(json::parse(run("verify --json @bundle.json --root @root").out)["trust_bundle"], 3);
}

TEST_F(Vendor, ARevokedIssuingKeySignsForNobody) {
  found_vendor();
  issue(id_, "-o @license");
  expect_done(
      "trust sign --root @root --previous @bundle.json --revoke-issuer @issuer -o @bundle.json");
  EXPECT_EQ(verdict("license"), "revoked");
}

TEST_F(Vendor, APreviousBundleOfSomebodyElseIsNotCarriedOver) {
  found_vendor();
  expect_done("root create -o @stranger");
  EXPECT_EQ(refusal("trust sign --root @stranger --previous @bundle.json -o @new.json"),
            "untrusted-signer");
}

TEST_F(Vendor, RootsRotate) {  // SPEC SEC-5
  found_vendor();
  expect_done("root create --algorithm ecdsa-p256 -o @next");
  const std::string rotate = "trust sign --previous @bundle.json --new-root @next -o @new.json ";
  expect_done(rotate + "--root @root");
  EXPECT_EQ(refusal("verify @new.json --root @root"), "untrusted-signer");
  expect_done(rotate + "--root @root --root @next");
  EXPECT_EQ(refusal("verify @new.json --root @root"), "");
  EXPECT_EQ(refusal("verify @new.json --root @root --root @next --threshold 2"), "");
}

TEST_F(Vendor, VerifySaysWhyNot) {  // SPEC LIC-5
  found_vendor();
  issue(id_, "-o @license");
  const auto good = read("license");
  auto damaged = good;
  damaged[damaged.find("\"payload\":\"") + 20] ^= 1;
  write("damaged", damaged);
  write("nonsense", "{}");
  EXPECT_EQ(verdict("license"), "");
  EXPECT_EQ(verdict("damaged"), "untrusted-signer");
  EXPECT_EQ(verdict("nonsense"), "invalid-format");
  EXPECT_EQ(verdict("absent"), "cannot-read");
  EXPECT_EQ(refusal("verify @license --root @issuer --bundle @bundle.json"), "untrusted-signer");
  EXPECT_EQ(refusal("verify @license"), "usage");
  const auto as_json =
      json::parse(run("verify --json @damaged --root @root --bundle @bundle.json").out);
  EXPECT_EQ(as_json, (json{{"verified", false}, {"code", "untrusted-signer"}}));
}

/// As `-o /dev/stdout` would be: a device or a pipe is written into, and still is one.
TEST_F(Vendor, APipeIsNotReplacedByAFile) {
  found_vendor();
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  issue(id_, "-o @pipe");
  std::array<char, 8192> text{};
  const auto count = ::read(reader, text.data(), text.size());
  ::close(reader);
  ASSERT_GT(count, 0);
  EXPECT_EQ(json::parse(text.data(), text.data() + count).at("payloadType"), kLicenseType);
  struct stat status {};
  ASSERT_EQ(::stat(path("pipe").c_str(), &status), 0);
  EXPECT_TRUE(S_ISFIFO(status.st_mode));
}

TEST_F(Vendor, InspectShowsAnyEnvelopeAndWhoReallySigned) {
  found_vendor();
  issue(id_, "--id L-7 -o @license");
  const auto about = json::parse(run("inspect --json @license --key @root --key @issuer").out);
  EXPECT_EQ(about["type"], "application/vnd.latchkey.license.v1+json");
  EXPECT_EQ(about["payload"]["id"], "L-7");
  EXPECT_EQ(about["signed_by"], json::array({path("issuer")}));
  EXPECT_EQ(json::parse(run("inspect --json @bundle.json").out)["payload"]["version"], 1);
  const auto key = test::new_key();
  write("other", as_text(test::SampleVendor::seal("text/\x1b[2J", "\x1b[2J", key)));
  write("strange", as_text(test::SampleVendor::seal("text/plain", "\x1b[2J", key)));
  EXPECT_EQ(refusal("inspect @other"), "invalid-format");
  EXPECT_EQ(json::parse(run("inspect --json @strange").out)["payload"], "1b5b324a");
  EXPECT_EQ(refusal("inspect @root.pub"), "invalid-format");
}

TEST_F(Vendor, InspectSaysWhetherARequestKeyVouchesForItself) {  // SPEC REQ-1
  const auto key = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  const auto other = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  const Factors factors{{"dmi-uuid", std::string(64, '1')}};
  const auto text = make_request_key({deployment_id(key.public_key()),
                                      "1",
                                      Time{},
                                      {{"aa", "node-a", factors, {}}, {"bb", "node-b", {}, {}}}},
                                     key)
                        .value();
  write("request", text);
  const auto shown = run("inspect @request").out;
  EXPECT_NE(shown.find("signature: valid, of the deployment's own key\n"
                       "no factors of: [\"node-b\"]\n"),
            std::string::npos)
      << shown;
  EXPECT_NE(shown.find("\"node-a\""), std::string::npos);
  const auto envelope = parse_envelope(as_bytes(text)).value();
  write("forged", make_envelope(kRequestKeyType, as_text(envelope.payload), {&other, 1}).value());
  EXPECT_NE(run("inspect @forged").out.find("signature: NOT VALID"), std::string::npos);
  EXPECT_EQ(json::parse(run("inspect --json @forged").out)["own_signature"]["valid"], false);
}

TEST_F(Vendor, WrongUsageIsToldApartFromARefusal) {
  for (const auto* line : {"", "root", "nonsense", "root create", "issuer create -o @i --days 1",
                           "root create -o @r --algorithm rsa", "provision @x --root @root",
                           "key-id --emulated /x", "key-id --device /x --emulated /y --id z"})
    EXPECT_EQ(run(line).code, 2) << line;
  EXPECT_EQ(run("--help").code, 0);
  EXPECT_EQ(run("--version").code, 0);
}

}  // namespace
}  // namespace latchkey
