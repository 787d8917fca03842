#include "core/license/envelope.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace latchkey {
namespace {

using nlohmann::json;

constexpr std::string_view kType = "application/vnd.latchkey.test.v1+json";

PrivateKey new_key(KeyAlgorithm algorithm = KeyAlgorithm::ed25519) {
  return PrivateKey::generate(algorithm).value();
}

Envelope signed_by(std::span<const PrivateKey> keys) {
  return parse_envelope(as_bytes(make_envelope(kType, R"({"a":1})", keys).value())).value();
}

std::vector<PublicKey> publics(std::span<const PrivateKey> keys) {
  std::vector<PublicKey> out;
  for (const auto& key : keys) out.push_back(key.public_key());
  return out;
}

// The example of DSSE protocol.md, "Test Vectors".
TEST(PreAuthenticationEncoding, IsTheOneOfTheStandard) {
  const auto encoded =
      pre_authentication_encoding("http://example.com/HelloWorld", as_bytes("hello world"));
  EXPECT_EQ(as_text(encoded), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(EnvelopeTest, RoundTrips) {
  const PrivateKey keys[] = {new_key(), new_key(KeyAlgorithm::ecdsa_p256)};
  const auto envelope = signed_by(keys);
  EXPECT_EQ(parse_envelope(as_bytes(serialise(envelope))).value(), envelope);
  EXPECT_EQ(envelope.payload_type, kType);
  EXPECT_EQ(as_text(envelope.payload), R"({"a":1})");
  EXPECT_EQ(envelope.signatures.at(1).keyid, keys[1].public_key().fingerprint());
}

TEST(VerifiedBy, CountsDistinctTrustedKeys) {  // t of n
  const PrivateKey keys[] = {new_key(), new_key(KeyAlgorithm::ecdsa_p256), new_key(), new_key()};
  const PrivateKey signers[] = {keys[2], keys[0], keys[0], keys[1]};
  auto trusted = publics(keys);
  trusted.push_back(trusted[0]);
  EXPECT_EQ(verified_by(signed_by(signers), trusted), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_TRUE(verified_by(signed_by(signers), std::span(trusted).subspan(3, 1)).empty());
}

TEST(VerifiedBy, IgnoresTheHint) {
  const PrivateKey keys[] = {new_key()};
  auto envelope = signed_by(keys);
  for (const auto* hint : {"", "somebody else"}) {
    envelope.signatures[0].keyid = hint;
    EXPECT_EQ(verified_by(envelope, publics(keys)).size(), 1u);
  }
  envelope.signatures[0].keyid = new_key().public_key().fingerprint();
  EXPECT_EQ(verified_by(envelope, publics(keys)).size(), 1u);
}

TEST(VerifiedBy, NoticesEveryFlippedBit) {
  for (const auto algorithm : {KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256}) {
    const PrivateKey keys[] = {new_key(algorithm)};
    const auto envelope = signed_by(keys);
    const auto trusted = publics(keys);
    for (std::size_t i = 0; i < envelope.payload.size() * 8; ++i) {
      auto damaged = envelope;
      damaged.payload[i / 8] ^= 1 << i % 8;
      EXPECT_TRUE(verified_by(damaged, trusted).empty()) << "payload bit " << i;
    }
    for (std::size_t i = 0; i < envelope.payload_type.size(); ++i) {
      auto damaged = envelope;
      damaged.payload_type[i] ^= 1;
      EXPECT_TRUE(verified_by(damaged, trusted).empty()) << "type byte " << i;
    }
    for (std::size_t i = 0; i < envelope.signatures[0].sig.size() * 8; ++i) {
      auto damaged = envelope;
      damaged.signatures[0].sig[i / 8] ^= 1 << i % 8;
      EXPECT_TRUE(verified_by(damaged, trusted).empty()) << "signature bit " << i;
    }
  }
}

TEST(ParseEnvelope, RefusesWhatIsNone) {  // SPEC SEC-3
  const json good = {{"payload", "e30="},
                     {"payloadType", kType},
                     {"signatures", json::array({{{"keyid", "k"}, {"sig", "AAAA"}}})}};
  ASSERT_TRUE(parse_envelope(as_bytes(good.dump())));
  const auto with = [&](const char* pointer, json value) {
    auto changed = good;
    changed[json::json_pointer(pointer)] = std::move(value);
    return changed.dump();
  };
  const auto without = [&](const char* name) {
    auto changed = good;
    changed.erase(name);
    return changed.dump();
  };
  const json signature = good["signatures"][0];
  const std::string rows[] = {
      "",
      "[]",
      "null",
      "{}",
      good.dump() + "x",
      without("payload"),
      without("payloadType"),
      without("signatures"),
      with("/payload", "e30"),
      with("/payload", "e30=\n"),
      with("/payload", "-_=="),
      with("/payload", 1),
      with("/payloadType", ""),
      with("/payloadType", std::string(257, 't')),
      with("/signatures", json::array()),
      with("/signatures", json(17, signature)),
      with("/signatures/0/sig", ""),
      with("/signatures/0/sig", std::string(260, 'A')),
      with("/signatures/0/extra", 1),
      with("/extra", 1),
      with("/signatures/0", "AAAA"),
      good.dump() + std::string(kMaxEnvelopeSize, ' '),
  };
  for (const auto& row : rows) {
    const auto result = parse_envelope(as_bytes(row));
    ASSERT_FALSE(result) << row.substr(0, 200);
    EXPECT_EQ(result.error().code, "invalid-format");
  }
}

/// A directory that goes away with the test.
class Scratch {
 public:
  Scratch() { path_ = mkdtemp(name_); }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string write(const std::string& file, std::string_view bytes) const {
    const auto path = path_ + "/" + file;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

 private:
  char name_[32] = "/tmp/latchkey-test-XXXXXX";
  std::string path_;
};

// DESIGN 3: a third party can check an envelope with the stock program.
TEST(EnvelopeTest, TheStockOpensslProgramVerifiesIt) {
  for (const auto algorithm : {KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256}) {
    const PrivateKey keys[] = {new_key(algorithm)};
    auto envelope = signed_by(keys);
    const auto check = [&] {
      const Scratch scratch;
      const auto pub = scratch.write("key.pem", keys[0].public_key().pem());
      const auto message = scratch.write(
          "message", as_text(pre_authentication_encoding(envelope.payload_type, envelope.payload)));
      const auto sig = scratch.write("sig", as_text(envelope.signatures[0].sig));
      const auto digest = algorithm == KeyAlgorithm::ecdsa_p256 ? " -digest sha256" : "";
      const auto command = "openssl pkeyutl -verify -rawin" + std::string(digest) +
                           " -pubin -inkey " + pub + " -in " + message + " -sigfile " + sig +
                           " >/dev/null 2>&1";
      return std::system(command.c_str());
    };
    EXPECT_EQ(check(), 0) << to_string(algorithm);
    envelope.payload[0] ^= 1;
    EXPECT_NE(check(), 0) << to_string(algorithm);
  }
}

}  // namespace
}  // namespace latchkey
