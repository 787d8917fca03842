#include "tools/latchkey/bundle/sweep.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/keys.h"
#include "tests/support/temp_dir.h"

namespace latchkey::cli {
namespace {

TEST(SweepTest, TakesOutWhatLooksLikeASecret) {
  const struct {
    const char *text, *left;
  } rows[] = {
      {"a -----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY----- b", "a (removed) b"},
      {"-----BEGIN EC PRIVATE KEY-----\\nMC4C\\n", "(removed)"},
      {"-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"},
      {"by scrypt:32768:8:3:AAAA:BBBB, x", "by (removed), x"},
      {"reason: LKE-AeqrNC55wUKiq0X68RCPA6GKdct9YmKrXdDGPNDi", "reason: (removed)"},
      {"__Host-latchkey=q8Yt3Zq8Yt3Zq8Yt3Zq8Yt3Zq8Yt3Zq8Yt3Zq8Yt3Zq;",
       "__Host-latchkey=(removed);"},
      {"key MC4CAQAwBQYDK2VwBCIEIL8s/3kZ9v+4aQ==", "key (removed)=="},
      // What stays: hashes, ids, key IDs, paths, metrics.
      {"d5c4b2bb43a9e159dca2dbdd0875b148e40c89beba1917d996450f85ced9f2f4",
       "d5c4b2bb43a9e159dca2dbdd0875b148e40c89beba1917d996450f85ced9f2f4"},
      {"LK-8PPW8-BCSP8-9RKMP-Y6JK6-R", "LK-8PPW8-BCSP8-9RKMP-Y6JK6-R"},
      {"/usr/lib/systemd/system/Some.Where/1/latchkey-agent",
       "/usr/lib/systemd/system/Some.Where/1/latchkey-agent"},
      {"latchkey_http_request_duration_seconds_bucket{x=\"1\"} 2",
       "latchkey_http_request_duration_seconds_bucket{x=\"1\"} 2"},
      {"", ""},
  };
  for (const auto& row : rows) {
    std::string text = row.text;
    const auto removed = Sweep().clean(text);
    EXPECT_EQ(removed, text == row.text ? 0U : 1U) << row.text;
    EXPECT_EQ(text, row.left);
  }
}

TEST(SweepTest, TakesOutTheSecretsOfThisMachineInEveryForm) {
  const test::TempDir dir;
  for (const auto algorithm : {KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256}) {
    const auto pem = *PrivateKey::generate(algorithm)->plain_pem();
    std::ofstream(dir.path() / "key") << pem;
    Sweep sweep;
    ASSERT_TRUE(sweep.know_file(dir.path() / "key"));
    const auto begin = pem.find('\n') + 1;
    auto body = pem.substr(begin, pem.find("\n-----END") - begin);
    std::erase(body, '\n');
    const auto der = *from_base64(body);
    const auto value = algorithm == KeyAlgorithm::ed25519
                           ? ByteView(der).last(32)
                           : ByteView(der).subspan(36, 32);  // RFC 5915
    for (const auto& form : {std::string(as_text(der)), to_hex(der), std::string(as_text(value)),
                             to_hex(value), to_base64(value), to_base64url(value)}) {
      auto text = "before " + form + " after";
      EXPECT_GE(sweep.clean(text), 1U);
      EXPECT_EQ(text, "before (removed) after");
    }
  }
  std::ofstream(dir.path() / "keys") << "# PIV\nLK-1 aes128 00112233445566778899aabbccddeeff\n";
  Sweep sweep;
  ASSERT_TRUE(sweep.know_file(dir.path() / "keys"));
  for (const char* form : {"00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF",
                           "ABEiM0RVZneImaq7zN3u/w=="}) {
    std::string text = form;
    EXPECT_EQ(sweep.clean(text), 1U);
    EXPECT_EQ(text, "(removed)");
  }
  EXPECT_FALSE(sweep.know_file(dir.path() / "none"));
}

}  // namespace
}  // namespace latchkey::cli
