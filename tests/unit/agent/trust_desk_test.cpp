#include "agent/app/trust_desk.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/sha256.h"
#include "tests/support/facts.h"
#include "tests/support/fake_store.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/manual_reactor.h"
#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::SampleVendor;

/// A node that is configured with version 1, on a disk that answers when the test says so.
class TrustDeskTest : public ::testing::Test {
 protected:
  static constexpr const char* kFile = "/etc/latchkey/trust/bundle.json";

  ConfiguredTrust configured(std::uint64_t version) const {
    return {vendor_.roots(), kFile, bundle(version)};
  }
  Bytes bundle(std::uint64_t version) const { return vendor_.seal(vendor_.bundle(version)); }
  Bytes forged(std::uint64_t version) const {
    return SampleVendor::seal(kTrustType, serialise(vendor_.bundle(version)), vendor_.issuing);
  }
  /// What LicenseIntake makes of an administrator's bundle; in force once it is durable.
  void install(std::uint64_t version, const Bytes& envelope) {
    const auto hash = content_hash(envelope);
    log_.witness(
        [&](Witness& w, Time now) {
          w.trust_installed(now, {version, hash, "mary"});
        },
        {Document{hash, envelope}});
  }
  void settle() {
    store_.answer_all();
    desk_.look();
  }
  /// What a peer sends; `version` is only what it claims.
  Result<void> from_peer(const Bytes& envelope, std::uint64_t version, bool with_document = true) {
    const auto hash = content_hash(envelope);
    Batch batch{{peer_.add(at("2026-06-01T00:00:00Z"), TrustInstalled{version, hash, "eve"})}, {}};
    if (with_document) batch.documents.push_back({hash, envelope});
    Result<void> outcome;
    log_.receive(std::move(batch), [&](const Result<void>& told) { outcome = told; });
    settle();
    return outcome;
  }
  std::uint64_t in_force() const { return settings_->get().first->version(); }
  const SampleVendor vendor_{};
  test::ManualReactor reactor_;
  test::FakeStore store_;
  const FixedClock clock_{at("2026-06-01T00:00:00Z")};
  test::ChainWriter peer_{std::string(32, 'b'), "node-b"};
  const std::shared_ptr<ReadSettings> settings_ =
      std::make_shared<ReadSettings>(vendor_.trust(), vendor_.root.public_key());
  int rereads_ = 0;
  NodeLog log_{
      reactor_, clock_, store_, system_random, {"node-a", 3s, 30s}, {std::string(32, 'a'), {}, {}},
      [] {}};
  TrustDesk desk_{{clock_, log_, settings_,
                   [] {
                     return NodeNames{{"node-b", "b"}};
                   },
                   [this] { ++rereads_; }},
                  configured(1),
                  open_trust(configured(1), {}).value()};
};

// SPEC SEC-5: in force once it is durable
TEST_F(TrustDeskTest, ABundleCountsOnceItIsDurable) {
  install(2, bundle(2));
  desk_.look();
  EXPECT_EQ(in_force(), 1u);
  settle();
  EXPECT_EQ(in_force(), 2u);
  EXPECT_EQ(rereads_, 1) << "keys are judged anew";
  EXPECT_EQ(desk_.show()["version"], 2);
  EXPECT_EQ(desk_.show()["origin"]["by"], "mary");
  desk_.look();
  EXPECT_EQ(rereads_, 1);
}

// SPEC SEC-5, SEC-3: whatever the peer says, the signature decides here
TEST_F(TrustDeskTest, APeerHandsOverWhatTheRootsSigned) {
  EXPECT_TRUE(from_peer(forged(7), 7));
  EXPECT_TRUE(from_peer(test::bytes_of("nothing of the kind"), 8));
  EXPECT_EQ(in_force(), 1u);
  EXPECT_EQ(rereads_, 0);
  EXPECT_TRUE(from_peer(bundle(3), 999)) << "the fact's own word on the version is nothing";
  EXPECT_EQ(in_force(), 3u);
  EXPECT_EQ(desk_.show()["origin"]["node_name"], "b");
  EXPECT_TRUE(from_peer(bundle(2), 4));
  EXPECT_EQ(in_force(), 3u) << "no roll-back";
  EXPECT_EQ(from_peer(bundle(4), 4, false).error().code, "document-missing");
  EXPECT_EQ(in_force(), 3u);
}

// SPEC SEC-5: a reload neither forgets what was installed nor believes a strange file
TEST_F(TrustDeskTest, AReloadReplaysWhatWasInstalled) {
  install(2, bundle(2));
  settle();
  EXPECT_TRUE(desk_.configure(configured(1)));
  EXPECT_EQ(in_force(), 2u);
  EXPECT_TRUE(desk_.configure(configured(5)));
  EXPECT_EQ(in_force(), 5u);
  EXPECT_EQ(desk_.show()["origin"]["file"], kFile);
  const auto refused = desk_.configure({vendor_.roots(), kFile, forged(6)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "untrusted-signer");
  EXPECT_TRUE(refused.error().message.starts_with(kFile));
  EXPECT_EQ(in_force(), 5u);
}

// SPEC SEC-5: the root of the configured bundle may be known from installed ones only
TEST_F(TrustDeskTest, TheConfigurationMayFollowWhatIsStored) {
  const auto next = test::new_key();
  auto rotation = vendor_.bundle(2);
  rotation.roots = RootSet{{next.public_key()}, 1};
  const PrivateKey both[] = {vendor_.root, next};
  install(2, test::bytes_of(make_envelope(kTrustType, serialise(rotation), both).value()));
  settle();
  const auto third = SampleVendor::seal(kTrustType, serialise(vendor_.bundle(3)), next);
  EXPECT_TRUE(desk_.configure({vendor_.roots(), kFile, third}));
  EXPECT_EQ(in_force(), 3u);
  EXPECT_FALSE(open_trust({vendor_.roots(), kFile, third}, {})) << "alone it is a stranger's";
}

}  // namespace
}  // namespace latchkey
