#include "core/license/trust_store.h"

#include <gtest/gtest.h>

#include "core/base/sha256.h"
#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using test::at;
using test::new_key;
using test::SampleVendor;

class Trust : public testing::Test {
 protected:
  std::string verdict(const TrustStore& trust, const Bytes& envelope) const {
    const auto result = trust.verify_license(envelope);
    return result ? "" : result.error().code;
  }
  TrustStore trusting(const TrustBundle& bundle) const {
    return TrustStore::open(vendor_.roots(), vendor_.seal(bundle)).value();
  }

  const SampleVendor vendor_{};
  const std::string id_ = key_id(as_bytes("key"));
  const LicenseDocument license_ = SampleVendor::license(id_);
};

TEST_F(Trust, VerifiesALicense) {
  const auto envelope = vendor_.seal(license_);
  const auto verified = vendor_.trust().verify_license(envelope);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->document, license_);
  EXPECT_EQ(verified->hash, content_hash(envelope));
}

TEST_F(Trust, AnExpiredOrFutureLicenseIsVerifiedToo) {  // SPEC KEY
  for (const auto& window : {SampleVendor::year(1971, 1972), SampleVendor::year(2090, 2091)}) {
    auto document = license_;
    document.entries[0].validity = window;
    EXPECT_EQ(verdict(vendor_.trust(), vendor_.seal(document)), "");
  }
}

TEST_F(Trust, TheIssuingKeyIsJudgedAtTheIssueTime) {  // SPEC SEC-5
  const struct {
    const char* issued;
    const char* verdict;
  } rows[] = {
      {"2024-12-31T23:59:59Z", "untrusted-signer"},
      {"2025-01-01T00:00:00Z", ""},
      {"2034-12-31T23:59:59Z", ""},
      {"2035-01-01T00:00:00Z", "untrusted-signer"},
  };
  for (const auto& row : rows) {
    auto document = license_;
    document.issued = at(row.issued);
    EXPECT_EQ(verdict(vendor_.trust(), vendor_.seal(document)), row.verdict) << row.issued;
  }
}

TEST_F(Trust, RefusesForeignSigners) {  // SPEC LIC-5 untrusted-signer
  const auto stranger = new_key();
  const auto payload = serialise(license_);
  EXPECT_EQ(verdict(vendor_.trust(), SampleVendor::seal(kLicenseType, payload, stranger)),
            "untrusted-signer");
  // A root key signs bundles, not licenses.
  EXPECT_EQ(verdict(vendor_.trust(), SampleVendor::seal(kLicenseType, payload, vendor_.root)),
            "untrusted-signer");
  EXPECT_EQ(verdict(TrustStore(vendor_.roots()), vendor_.seal(license_)), "untrusted-signer");
  auto other_name = license_;
  other_name.issuer = "issuer-2";
  EXPECT_EQ(verdict(vendor_.trust(), vendor_.seal(other_name)), "untrusted-signer");
}

TEST_F(Trust, AForeignSignatureBesideAGoodOneDoesNoHarm) {
  const PrivateKey keys[] = {new_key(), vendor_.issuing};
  const auto text = make_envelope(kLicenseType, serialise(license_), keys).value();
  EXPECT_EQ(verdict(vendor_.trust(), test::bytes_of(text)), "");
}

TEST_F(Trust, ScopesLimitWhatAnIssuerMayLicense) {  // SPEC SEC-5
  const struct {
    std::vector<std::string> scopes;
    const char* verdict;
  } rows[] = {
      {{"license"}, ""},
      {{"license:kvm"}, ""},
      {{"license:vmware", "license:kvm"}, ""},
      {{"license:kv"}, "untrusted-signer"},
      {{"license:vmware"}, "untrusted-signer"},
      {{"time"}, "untrusted-signer"},
      {{}, "untrusted-signer"},
  };
  for (const auto& row : rows) {
    auto bundle = vendor_.bundle();
    bundle.issuers[0].scopes = row.scopes;
    EXPECT_EQ(verdict(trusting(bundle), vendor_.seal(license_)), row.verdict)
        << testing::PrintToString(row.scopes);
  }
}

TEST_F(Trust, RevocationsEndTrust) {  // SPEC LIC-5 revoked
  const Revocations rows[] = {
      {{vendor_.issuing.public_key().fingerprint()}, {}, {}}, {{}, {"L-1"}, {}}, {{}, {}, {id_}}};
  for (const auto& row : rows) {
    auto bundle = vendor_.bundle();
    bundle.revoked = row;
    EXPECT_EQ(verdict(trusting(bundle), vendor_.seal(license_)), "revoked");
  }
  auto others = vendor_.bundle();
  others.revoked = {{std::string(64, '0')}, {"L-2"}, {key_id(as_bytes("other"))}};
  EXPECT_EQ(verdict(trusting(others), vendor_.seal(license_)), "");
  EXPECT_TRUE(trusting(others).revokes_key_id(key_id(as_bytes("other"))));
}

TEST_F(Trust, RefusesWhatIsNoLicense) {  // SPEC LIC-5 invalid-format
  const auto trust = vendor_.trust();
  EXPECT_EQ(verdict(trust, {}), "invalid-format");
  EXPECT_EQ(verdict(trust, vendor_.seal(vendor_.bundle())), "invalid-format");
  EXPECT_EQ(verdict(trust, SampleVendor::seal(kLicenseType, "{}", vendor_.issuing)),
            "invalid-format");
  // A trusted signature over the same bytes under another type is no license.
  EXPECT_EQ(verdict(trust, SampleVendor::seal("text/plain", serialise(license_), vendor_.issuing)),
            "invalid-format");
}

TEST_F(Trust, EveryFlippedByteButTheHintIsNoticed) {  // SPEC SEC-3
  const auto envelope = vendor_.seal(license_);
  const auto trust = vendor_.trust();
  const auto hint = vendor_.issuing.public_key().fingerprint();
  const auto hint_at = as_text(envelope).find(hint);
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    auto damaged = envelope;
    damaged[i] ^= 0x01;
    const bool in_hint = i >= hint_at && i < hint_at + hint.size();
    EXPECT_EQ(trust.verify_license(damaged).has_value(), in_hint) << i;
  }
}

TEST_F(Trust, BundleVersionsNeverGoBack) {  // SPEC SEC-5
  auto trust = trusting(vendor_.bundle(5));
  EXPECT_EQ(trust.version(), 5u);
  EXPECT_EQ(trust.accept(vendor_.seal(vendor_.bundle(5))).error().code, "already-imported");
  EXPECT_EQ(trust.accept(vendor_.seal(vendor_.bundle(4))).error().code, "older-than-current");
  auto other = vendor_.bundle(5);
  other.revoked.licenses = {"L-1"};
  EXPECT_EQ(trust.accept(vendor_.seal(other)).error().code, "older-than-current");
  EXPECT_TRUE(trust.accept(vendor_.seal(vendor_.bundle(6))));
  EXPECT_EQ(trust.version(), 6u);
}

TEST_F(Trust, ARefusedBundleChangesNothing) {
  auto trust = vendor_.trust();
  auto bundle = vendor_.bundle(2);
  bundle.issuers.clear();
  EXPECT_EQ(trust.accept(SampleVendor::seal(kTrustType, serialise(bundle), new_key())).error().code,
            "untrusted-signer");
  EXPECT_EQ(
      trust.accept(SampleVendor::seal(kTrustType, serialise(bundle), vendor_.issuing)).error().code,
      "untrusted-signer");
  EXPECT_EQ(trust.accept(SampleVendor::seal(kTrustType, "{}", vendor_.root)).error().code,
            "invalid-format");
  const auto license = trust.accept(vendor_.seal(license_)).error();
  EXPECT_EQ(license.code + ": " + license.message,
            "invalid-format: This is a license, not a trust bundle.");
  EXPECT_EQ(trust.version(), 1u);
  EXPECT_EQ(verdict(trust, vendor_.seal(license_)), "");
}

TEST_F(Trust, AThresholdOfRootsIsNeeded) {  // SPEC SEC-5
  const PrivateKey roots[] = {new_key(), new_key(KeyAlgorithm::ecdsa_p256), new_key()};
  const RootSet two_of_three{{roots[0].public_key(), roots[1].public_key(), roots[2].public_key()},
                             2};
  const PrivateKey twice[] = {roots[0], roots[0]};
  const PrivateKey two[] = {roots[2], roots[1]};
  const auto seal = [&](std::span<const PrivateKey> keys) {
    return test::bytes_of(make_envelope(kTrustType, serialise(vendor_.bundle()), keys).value());
  };
  EXPECT_EQ(TrustStore::open(two_of_three, seal({roots, 1})).error().code, "untrusted-signer");
  EXPECT_EQ(TrustStore::open(two_of_three, seal(twice)).error().code, "untrusted-signer");
  EXPECT_TRUE(TrustStore::open(two_of_three, seal(two)));
  EXPECT_FALSE(TrustStore::open({two_of_three.keys, 0}, seal(two)));
}

TEST_F(Trust, RootsRotateWhenOldAndNewSign) {  // SPEC SEC-5
  const auto next = new_key();
  auto bundle = vendor_.bundle(2);
  bundle.roots = RootSet{{next.public_key()}, 1};
  const auto seal = [&](std::span<const PrivateKey> keys) {
    return test::bytes_of(make_envelope(kTrustType, serialise(bundle), keys).value());
  };
  const PrivateKey both[] = {vendor_.root, next};
  auto trust = vendor_.trust();
  EXPECT_FALSE(trust.accept(seal({both, 1})));
  EXPECT_FALSE(trust.accept(seal({both + 1, 1})));
  ASSERT_TRUE(trust.accept(seal(both)));
  EXPECT_FALSE(trust.accept(vendor_.seal(vendor_.bundle(3)))) << "the old root has lost its word";
  EXPECT_TRUE(trust.accept(SampleVendor::seal(kTrustType, serialise(vendor_.bundle(3)), next)));
}

TEST_F(Trust, BundleRoundTrips) {
  auto bundle = vendor_.bundle();
  bundle.issuers[0].scopes = {"license:kvm", "time"};
  bundle.revoked = {{std::string(64, '0')}, {"L-2"}, {id_}};
  bundle.roots = RootSet{{vendor_.root.public_key(), vendor_.issuing.public_key()}, 2};
  const auto text = serialise(bundle);
  const auto parsed = parse_trust_bundle(as_bytes(text));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(serialise(*parsed), text);
}

TEST_F(Trust, BundleIsReadStrictly) {  // SPEC SEC-3
  const auto good = vendor_.bundle();
  const std::function<void(TrustBundle&)> changes[] = {
      [](TrustBundle& b) { b.version = 0; },
      [](TrustBundle& b) { b.issuers.push_back(b.issuers[0]); },
      [](TrustBundle& b) {
        b.issuers.push_back(b.issuers[0]);
        b.issuers[1].name = "issuer-2";
      },
      [](TrustBundle& b) { b.issuers[0].scopes = {"everything"}; },
      [](TrustBundle& b) { b.issuers[0].scopes = {"license:"}; },
      [](TrustBundle& b) { b.issuers[0].validity.not_after = b.issuers[0].validity.not_before; },
      [](TrustBundle& b) { b.issuers[0].name = "a b"; },
      [](TrustBundle& b) { b.revoked.key_ids = {"LK-1"}; },
      [](TrustBundle& b) {
        b.roots = RootSet{{}, 1};
      },
      [](TrustBundle& b) {
        b.roots = RootSet{{b.issuers[0].key}, 2};
      },
      [](TrustBundle& b) {
        b.roots = RootSet{{b.issuers[0].key}, 0};
      },
      [](TrustBundle& b) {
        b.roots = RootSet{{b.issuers[0].key, b.issuers[0].key}, 1};
      },
  };
  ASSERT_TRUE(parse_trust_bundle(as_bytes(serialise(good))));
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    auto bundle = good;
    changes[i](bundle);
    const auto text = serialise(bundle);
    EXPECT_FALSE(parse_trust_bundle(as_bytes(text))) << "row " << i << ": " << text;
  }
}

}  // namespace
}  // namespace latchkey
