#include <filesystem>

#include "tests/unit/vendor/command_line.h"

namespace latchkey {
namespace {

/// A software HSM with the token `shop`, PIN `secret`, holding the P-256 keys `issuing` and
/// `spare`.
class Hsm : public test::CommandLine {
 protected:
  void SetUp() override {
    test::CommandLine::SetUp();
    std::filesystem::create_directory(path("tokens"));
    write("softhsm.conf", "directories.tokendir = " + path("tokens") +
                              "\nobjectstore.backend = file\nlog.level = ERROR\n");
    ::setenv("SOFTHSM2_CONF", path("softhsm.conf").c_str(), 1);
    shell("softhsm2-util --init-token --free --label shop --pin secret --so-pin officer");
    add_key("issuing", "01");
    add_key("spare", "02");
  }
  void TearDown() override {
    ::unsetenv("SOFTHSM2_CONF");
    test::CommandLine::TearDown();
  }
  static void shell(const std::string& command) {
    ASSERT_EQ(std::system((command + " >/dev/null 2>&1").c_str()), 0) << command;
  }
  static void add_key(const std::string& label, const std::string& id) {
    shell("pkcs11-tool --module " + kModule +
          " --token-label shop --login --pin secret --keypairgen "
          "--key-type EC:prime256v1 --label " +
          label + " --id " + id);
  }
  static std::string uri(const std::string& what) {
    return "pkcs11:" + what + "?module-path=" + kModule;
  }
  std::string create(const std::string& key) const {
    return refusal("issuer create --name hsm --days 365 -o @hsm --key " + key);
  }

  static inline const std::string kModule = "/usr/lib/softhsm/libsofthsm2.so";
  const std::string id_ = key_id(as_bytes("key"));
};

TEST_F(Hsm, SignsWhatAnAgentVerifies) {
  ASSERT_EQ(create(uri("token=shop;object=issuing")), "");
  EXPECT_EQ(read("hsm.key"), uri("token=shop;object=issuing") + "\n");
  expect_done("root create -o @root");
  expect_done("trust sign --root @root --issuer @hsm -o @bundle.json");
  const std::string order = "issue --issuer @hsm --key-id " + id_ +
                            " --entry kvm:cpu-socket:10 --customer Acme --days 30 -o @license";
  expect_done(order);
  EXPECT_EQ(refusal("verify @license --root @root --bundle @bundle.json"), "");
  ::setenv("LATCHKEY_PASSPHRASE", "guess", 1);
  EXPECT_EQ(refusal(order), "wrong-pin");
}

TEST_F(Hsm, HoldsARootToo) {
  expect_done("root create -o @root --key " + uri("token=shop;id=%02"));
  expect_done("issuer create --name i --days 365 -o @issuer");
  expect_done("trust sign --root @root --issuer @issuer -o @bundle.json");
  EXPECT_EQ(refusal("verify @bundle.json --root @root"), "");
}

TEST_F(Hsm, AKeyInThePlaceOfAnotherDoesNotSign) {
  ASSERT_EQ(create(uri("token=shop;object=issuing")), "");
  write("hsm.key", uri("token=shop;object=spare"));
  EXPECT_EQ(
      refusal("issue --issuer @hsm --entry kvm:cpu-socket:1 --customer A --days 1 --key-id " + id_),
      "other-key");
}

TEST_F(Hsm, SaysWhatIsWrong) {
  const std::string good = "token=shop;object=issuing";
  const struct {
    std::string key, code;
  } rows[] = {
      {"issuing", "invalid-key-uri"},
      {"pkcs11:" + good, "invalid-key-uri"},
      {"pkcs11:object=%zz?module-path=" + kModule, "invalid-key-uri"},
      {uri(good + ";colour=red"), "invalid-key-uri"},
      {uri(good) + "&pin-value=secret", "invalid-key-uri"},
      {uri(good) + "&pin-source=/etc/hostname", "invalid-key-uri"},
      {"pkcs11:" + good + "?module-path=/nowhere.so", "hsm-no-module"},
      {"pkcs11:" + good + "?module-path=/etc/hostname", "hsm-no-module"},
      {uri("token=stock;object=issuing"), "hsm-no-token"},
      {uri("token=shop;object=issued"), "hsm-no-key"},
      {uri("token=shop;id=%07"), "hsm-no-key"},
      {uri("token=shop"), "hsm-no-key"},  // two fit
  };
  for (const auto& row : rows) EXPECT_EQ(create(row.key), row.code) << row.key;
  EXPECT_FALSE(std::filesystem::exists(path("hsm.key")));
  EXPECT_EQ(
      refusal("issuer create --name i --days 1 -o @hsm --algorithm ed25519 --key " + uri(good)),
      "usage");
}

}  // namespace
}  // namespace latchkey
