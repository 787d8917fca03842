#include "core/pool/lease_token.h"

#include <gtest/gtest.h>

#include "core/base/keys.h"

namespace latchkey {
namespace {

class LeaseTokenTest : public testing::Test {
 protected:
  LeaseTokenTest() {
    Capacity capacity;
    capacity.pools[{"kvm", "cpu-socket"}].total = 10;
    ledger_.set_limits(capacity);
    const std::vector<UsageItem> usage{{{"kvm", "cpu-socket"}, 4}};
    EXPECT_TRUE(ledger_.put({"vm-1", "uid:7", false, usage, 45, 9}, 100,
                            [](const std::string&) { return std::nullopt; }));
  }

  static Bytes secret(const PrivateKey& key) { return key.derive(kLeaseSeal).value(); }

  LeaseLedger ledger_;
  PrivateKey key_ = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  DeploymentId deployment_ = deployment_id(key_.public_key());
  LeaseSeal seal_{secret(key_), deployment_};
};

// SPEC SRV-4: the other node, which has the deployment's key, knows what was granted.
TEST_F(LeaseTokenTest, IsReadByWhoeverHasTheDeploymentsKey) {
  const auto slot = ledger_.find("vm-1");
  const auto token = seal_.seal(ledger_, slot);
  LeaseSeal other(secret(PrivateKey::from_pem(key_.plain_pem().value()).value()), deployment_);
  const auto lease = other.open(token);
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(*lease, ledger_.lease(slot));
}

TEST_F(LeaseTokenTest, IsNotBelievedWhenAnythingIsDifferent) {
  const auto token = seal_.seal(ledger_, ledger_.find("vm-1"));
  const auto stranger = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  EXPECT_FALSE(LeaseSeal(secret(stranger), deployment_).open(token)) << "another key";
  EXPECT_FALSE(LeaseSeal(secret(key_), "elsewhere").open(token)) << "another deployment";
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(seal_.open(changed)) << i;
    EXPECT_FALSE(seal_.open(token.substr(0, i))) << i;
  }
  for (const auto* text : {"", "====", "AAAA", "not a token"})
    EXPECT_EQ(seal_.open(text).error().code, "token-invalid");
}

// RFC 4231, test case 2.
TEST(Hmac, IsTheStandardsOne) {
  HmacSha256 hmac(as_bytes("Jefe"));
  for (int again = 0; again < 2; ++again) {
    Digest mac{};
    ASSERT_TRUE(hmac.mac(as_bytes("what do ya want for nothing?"), mac));
    EXPECT_EQ(to_hex(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

}  // namespace
}  // namespace latchkey
