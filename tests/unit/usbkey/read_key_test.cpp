#include "core/usbkey/read_key.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/deployment_id.h"
#include "core/base/sha256.h"
#include "core/usbkey/proof.h"
#include "core/usbkey/provision.h"
#include "core/usbkey/stamp.h"
#include "tests/support/fake_key.h"
#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using test::at;
using test::FakeKey;
using test::new_key;
using test::SampleVendor;
using Kind = KeyError::Kind;

class ReadKey : public testing::TestWithParam<KeyAlgorithm> {
 protected:
  ReadContext context(const TrustStore& trust) {
    return {trust, deployment_.public_key(),
            [this](std::span<std::uint8_t> out) {
              std::ranges::fill(out, ++nonce_);
              return true;
            },
            [] { return Deadline::max(); }};
  }
  ReadContext context() { return context(trust_); }
  FakeKey blank() { return FakeKey(new_key(GetParam())); }
  static std::string id_of(const FakeKey& key) { return key_id(key.identity.public_key().der()); }
  FakeKey licensed() {
    auto key = blank();
    key.license = vendor_.seal(SampleVendor::license(id_of(key)));
    return key;
  }
  KeyReading read(FakeKey& key) { return read_key(key, context())->reading; }

  const SampleVendor vendor_{};
  const TrustStore trust_ = vendor_.trust();
  const PrivateKey deployment_ = new_key();
  std::uint8_t nonce_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Both, ReadKey,
                         testing::Values(KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256),
                         [](const auto& instance) {
                           return instance.param == KeyAlgorithm::ed25519 ? "Ed25519" : "P256";
                         });

TEST_P(ReadKey, AGoodKeyWorks) {
  auto key = licensed();
  const auto result = read_key(key, context());
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->reading.works()) << result->reading.detail;
  EXPECT_EQ(result->reading.key_id, id_of(key));
  EXPECT_EQ(result->reading.license,
            summarise(SampleVendor::license(id_of(key)), content_hash(key.license)));
  EXPECT_EQ(result->envelope, key.license);
  EXPECT_EQ(result->reading.detail, "");
}

TEST_P(ReadKey, EachChallengeIsFreshAndNamesTheDeployment) {  // SPEC SEC-4
  auto key = licensed();
  read(key);
  read(key);
  const auto expected = [&](std::uint8_t nonce) {
    const auto digest =
        proof_challenge(deployment_id(deployment_.public_key()), Bytes(kNonceSize, nonce));
    return Bytes(digest.begin(), digest.end());
  };
  EXPECT_EQ(key.challenges, (std::vector<Bytes>{expected(1), expected(2)}));
}

TEST_P(ReadKey, EveryDriverErrorHasItsReason) {  // SPEC KEY-3
  using enum KeyFault;
  const struct {
    const char* call;
    Kind kind;
    KeyFault fault;
  } rows[] = {
      {"public_key", Kind::timeout, unreadable},
      {"public_key", Kind::protocol, unreadable},
      {"public_key", Kind::no_permission, no_permission},
      {"public_key", Kind::busy, busy},
      {"public_key", Kind::unprovisioned, unreadable},  // before the proof nothing is "genuine"
      {"public_key", Kind::refused, unreadable},
      {"prove", Kind::timeout, unreadable},
      {"prove", Kind::protocol, unreadable},
      {"prove", Kind::busy, busy},
      {"prove", Kind::unprovisioned, unreadable},
      {"prove", Kind::refused, not_genuine},
      {"read_license", Kind::timeout, unreadable},
      {"read_license", Kind::protocol, unreadable},
      {"read_license", Kind::busy, busy},
      {"read_license", Kind::no_permission, no_permission},
      {"read_license", Kind::unprovisioned, unprovisioned},
      {"read_license", Kind::refused, unreadable},
  };
  for (const auto& row : rows) {
    auto key = licensed();
    key.failing = {{row.call, row.kind}};
    const auto reading = read(key);
    EXPECT_EQ(reading.fault, row.fault) << row.call << " " << int(row.kind);
    EXPECT_FALSE(reading.license) << row.call;
    const bool proven = std::string_view(row.call) == "read_license";
    EXPECT_EQ(reading.key_id, proven ? id_of(key) : "") << row.call;
    EXPECT_NE(reading.detail, "");
  }
}

TEST_P(ReadKey, AKeyThatIsNoMoreOrIsNoneGivesNoReading) {
  for (const auto* call : {"public_key", "prove", "read_license", "read_stamp"}) {
    auto key = licensed();
    for (const auto kind : {Kind::gone, Kind::not_a_key}) {
      key.failing = {{call, kind}};
      const auto result = read_key(key, context());
      ASSERT_FALSE(result) << call;
      EXPECT_EQ(result.error().kind, kind) << call;
    }
  }
}

TEST_P(ReadKey, NothingIsAskedOfAKeyThatDidNotProveItself) {  // SPEC SEC-4
  auto key = licensed();
  key.identity = new_key(GetParam());
  EXPECT_EQ(read(key).fault, KeyFault::not_genuine);
  EXPECT_EQ(key.calls, (std::vector<std::string>{"public_key", "prove"}));
}

TEST_P(ReadKey, ACopyOnAnotherKeyNeverWorks) {  // SPEC SEC-4
  const auto original = licensed();
  auto honest = blank();  // copies the content, says who it is
  honest.license = original.license;
  EXPECT_EQ(read(honest).fault, KeyFault::wrong_key_id);
  auto liar = honest;  // copies the public key as well
  liar.spki = original.spki;
  const auto reading = read(liar);
  EXPECT_EQ(reading.fault, KeyFault::not_genuine);
  EXPECT_EQ(reading.key_id, "") << "an unproven name counts for nothing";
}

TEST_P(ReadKey, AnOldAnswerProvesNothing) {  // SPEC SEC-4
  class Replayer final : public Key {
   public:
    explicit Replayer(FakeKey& original) : original_(original) {}
    KeyResult<Bytes> public_key(Deadline d) override { return original_.public_key(d); }
    KeyResult<Bytes> prove(ByteView challenge, Deadline d) override {
      if (recorded_.empty()) recorded_ = original_.prove(challenge, d).value();
      return recorded_;
    }
    KeyResult<Bytes> read_license(Deadline d) override { return original_.read_license(d); }
    KeyResult<void> write_license(ByteView, Deadline) override { return {}; }
    KeyResult<Bytes> read_stamp(Deadline d) override { return original_.read_stamp(d); }
    KeyResult<void> write_stamp(ByteView, Deadline) override { return {}; }
    void cancel() noexcept override {}

   private:
    FakeKey& original_;
    Bytes recorded_;
  };
  auto key = licensed();
  Replayer replayer(key);
  EXPECT_TRUE(read_key(replayer, context())->reading.works());
  EXPECT_EQ(read_key(replayer, context())->reading.fault, KeyFault::not_genuine);
}

TEST_P(ReadKey, GarbageForAPublicKeyIsUnreadable) {
  for (const auto& garbage : {Bytes{}, Bytes(44, 0), Bytes(91, 0xff), Bytes(100000, 0x30)}) {
    auto key = licensed();
    key.spki = garbage;
    EXPECT_EQ(read(key).fault, KeyFault::unreadable);
  }
}

TEST_P(ReadKey, WithoutRandomNumbersNothingIsProven) {  // SPEC SEC-4
  auto key = licensed();
  auto without = context();
  without.random = [](auto) { return false; };
  EXPECT_EQ(read_key(key, without)->reading.fault, KeyFault::unreadable);
  EXPECT_TRUE(key.challenges.empty());
}

TEST_P(ReadKey, ALicenseThatDoesNotVerifyIsInvalid) {  // SPEC KEY-3 license-invalid
  auto key = licensed();
  const auto good = SampleVendor::license(id_of(key));
  auto attested = good;
  attested.minimum_assurance = KeyAssurance::attested;
  const struct {
    Bytes license;
    std::string detail;
  } rows[] = {
      {Bytes(2000, 0xA5), "invalid-format"},
      {Bytes(key.license.begin(), key.license.end() - 1), "invalid-format"},
      {SampleVendor::seal(kLicenseType, serialise(good), new_key()), "untrusted-signer"},
      {vendor_.seal(attested), "the license asks for an attested key"},
  };
  for (const auto& row : rows) {
    key.license = row.license;
    const auto reading = read(key);
    EXPECT_EQ(reading.fault, KeyFault::license_invalid);
    EXPECT_EQ(reading.detail.substr(0, row.detail.size()), row.detail);
    EXPECT_EQ(reading.key_id, id_of(key));
  }
}

TEST_P(ReadKey, AnAttestedKeySatisfiesEveryAssurance) {
  auto key = licensed();
  auto document = SampleVendor::license(id_of(key));
  document.minimum_assurance = KeyAssurance::attested;
  key.license = vendor_.seal(document);
  auto attested = context();
  attested.assurance = KeyAssurance::attested;
  EXPECT_TRUE(read_key(key, attested)->reading.works());
}

TEST_P(ReadKey, ALicenseForADeploymentIsNoneForAKey) {
  auto key = licensed();
  auto document = SampleVendor::license("");
  document.binding = DeploymentBinding{deployment_id(deployment_.public_key()), {{"a", {}}}, 1};
  key.license = vendor_.seal(document);
  EXPECT_EQ(read(key).fault, KeyFault::wrong_key_id);
}

TEST_P(ReadKey, ARevokedKeyIsInvalidWhateverItCarries) {
  auto key = licensed();
  auto bundle = vendor_.bundle();
  bundle.revoked.key_ids = {id_of(key)};
  const auto trust = TrustStore::open(vendor_.roots(), vendor_.seal(bundle)).value();
  // Without any it would be `unprovisioned`, which a kept license makes up for (LIC-8).
  for (const auto& license :
       {key.license, vendor_.seal(SampleVendor::license(key_id({}))), Bytes()}) {
    key.license = license;
    const auto reading = read_key(key, context(trust))->reading;
    EXPECT_EQ(reading.fault, KeyFault::license_invalid);
    EXPECT_EQ(reading.detail, "revoked: the key " + id_of(key) + " was revoked");
  }
}

TEST_P(ReadKey, OnlyAVerifiedStampIsReported) {  // SPEC BUF-10
  const RemovalStamp stamp{at("2026-03-01T00:00:00Z"), at("2026-03-31T00:00:00Z")};
  auto key = licensed();
  const auto id = id_of(key);
  const auto good = make_stamp(stamp, id, deployment_).value();
  auto damaged = good;
  damaged[damaged.size() / 2] ^= 1;
  const struct {
    Bytes bytes;
    std::optional<RemovalStamp> stamp;
  } rows[] = {
      {good, stamp},
      {{}, std::nullopt},
      {damaged, std::nullopt},
      {Bytes(kMaxStampSize, 'x'), std::nullopt},
      {make_stamp(stamp, id, new_key()).value(), std::nullopt},
      {make_stamp(stamp, key_id({}), deployment_).value(), std::nullopt},
  };
  for (const auto& row : rows) {
    key.stamp = row.bytes;
    const auto reading = read(key);
    EXPECT_TRUE(reading.works()) << "a bad stamp does not spoil the license";
    EXPECT_EQ(reading.stamp, row.stamp);
    EXPECT_EQ(reading.detail.empty(), row.stamp.has_value() || row.bytes.empty());
  }
}

TEST_P(ReadKey, AKeyWithoutRoomForStampsWorks) {
  for (const auto kind : {Kind::refused, Kind::timeout, Kind::protocol}) {
    auto key = licensed();
    key.failing = {{"read_stamp", kind}};
    const auto reading = read(key);
    EXPECT_TRUE(reading.works());
    EXPECT_EQ(reading.detail.empty(), kind == Kind::refused);
  }
}

TEST(FailedReading, NamesWhyAKeyCouldNotBeOpened) {  // SPEC KEY-3
  EXPECT_EQ(failed_reading({Kind::busy, "x"})->fault, KeyFault::busy);
  EXPECT_EQ(failed_reading({Kind::no_permission, "x"})->fault, KeyFault::no_permission);
  EXPECT_EQ(failed_reading({Kind::timeout, "x"})->fault, KeyFault::unreadable);
  EXPECT_FALSE(failed_reading({Kind::gone, "x"}));
  EXPECT_FALSE(failed_reading({Kind::not_a_key, "x"}));
}

TEST_P(ReadKey, ProvisionWritesAndReadsBack) {
  auto key = blank();
  const auto envelope = vendor_.seal(SampleVendor::license(id_of(key)));
  const auto reading = provision(key, envelope, context());
  ASSERT_TRUE(reading) << reading.error().message;
  EXPECT_EQ(reading->license->document, content_hash(envelope));
  EXPECT_EQ(key.license, envelope);
}

TEST_P(ReadKey, ProvisionRefusesWithoutWriting) {
  const auto code = [&](FakeKey& key, const Bytes& envelope) {
    const auto result = provision(key, envelope, context());
    const bool wrote = std::ranges::find(key.calls, "write_license") != key.calls.end();
    return (result ? "works" : result.error().code) + (wrote ? " after writing" : "");
  };
  auto key = blank();
  const auto good = vendor_.seal(SampleVendor::license(id_of(key)));
  EXPECT_EQ(code(key, Bytes(10, 'x')), "invalid-format");
  EXPECT_EQ(code(key, vendor_.seal(SampleVendor::license(key_id({})))), "wrong-key-id");
  auto liar = key;
  liar.identity = new_key(GetParam());
  EXPECT_EQ(code(liar, good), "not-genuine");
  auto pulled = key;
  pulled.failing = {{"prove", Kind::gone}};
  EXPECT_EQ(code(pulled, good), "gone");
}

TEST_P(ReadKey, ProvisionNoticesWhatWentWrongWhileWriting) {
  auto key = blank();
  const auto good = vendor_.seal(SampleVendor::license(id_of(key)));
  auto full = key;
  full.failing = {{"write_license", Kind::refused}};
  EXPECT_EQ(provision(full, good, context()).error().code, "refused");
  auto pulled = key;
  pulled.failing = {{"write_license", Kind::gone}};
  EXPECT_EQ(provision(pulled, good, context()).error().code, "gone");
  pulled.failing = {{"public_key", Kind::not_a_key}};
  EXPECT_EQ(provision(pulled, good, context()).error().code, "not-a-key");
  auto damaging = key;
  damaging.on_write = [](Bytes& stored) { stored.pop_back(); };
  EXPECT_EQ(provision(damaging, good, context()).error().code, "license-invalid");
  auto older = SampleVendor::license(id_of(key));
  older.id = "L-0";
  auto forgetful = key;
  forgetful.on_write = [&](Bytes& stored) { stored = vendor_.seal(older); };
  EXPECT_EQ(provision(forgetful, good, context()).error().code, "readback-failed");
}

}  // namespace
}  // namespace latchkey
