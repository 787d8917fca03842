#include "core/license/trust_chain.h"

#include <gtest/gtest.h>

#include "core/base/sha256.h"
#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using test::SampleVendor;

/// Four generations of roots; the configuration knows only the first, `0`.
class TrustChainTest : public testing::Test {
 protected:
  /// `signers` and `roots` are digits, each a root; `roots` empty: they stay.
  struct Bundle {
    std::uint64_t version;
    const char* signers;
    const char* roots = "";
    bool operator==(const Bundle&) const = default;
  };

  Bytes seal(const Bundle& row) const {
    auto bundle = vendor_.bundle(row.version);
    if (*row.roots != 0) bundle.roots = RootSet{{}, std::string_view(row.roots).size()};
    for (const char* root = row.roots; *root != 0; ++root)
      bundle.roots->keys.push_back(roots_.at(*root - '0').public_key());
    std::vector<PrivateKey> signers;
    for (const char* signer = row.signers; *signer != 0; ++signer)
      signers.push_back(roots_.at(*signer - '0'));
    return test::bytes_of(make_envelope(kTrustType, serialise(bundle), signers).value());
  }
  TrustChain chain() const { return TrustChain({{roots_[0].public_key()}, 1}); }
  static std::string code(const Result<void>& outcome) {
    return outcome ? "" : outcome.error().code;
  }

  const SampleVendor vendor_{};
  const std::vector<PrivateKey> roots_{test::new_key(), test::new_key(KeyAlgorithm::ecdsa_p256),
                                       test::new_key(), test::new_key()};
};

// SPEC SEC-5: each row is a life of one machine, bundle after bundle
TEST_F(TrustChainTest, Rotations) {
  const std::string ok, stranger = "untrusted-signer", older = "older-than-current",
                        same = "already-imported";
  struct Step {
    Bundle bundle;
    std::string verdict;
  };
  const struct {
    const char* story;
    std::vector<Step> steps;
    std::uint64_t version;  // in force at the end
  } rows[] = {
      {"the issuing key changes", {{{1, "0"}, ok}, {{2, "0"}, ok}}, 2},
      {"a gap in the versions is no gap in the trust", {{{1, "0"}, ok}, {{9, "0"}, ok}}, 9},
      {"roll-back", {{{5, "0"}, ok}, {{4, "0"}, older}, {{5, "0"}, same}}, 5},
      {"one root follows another", {{{1, "0"}, ok}, {{2, "01", "1"}, ok}, {{3, "1"}, ok}}, 3},
      {"two rotations", {{{2, "01", "1"}, ok}, {{3, "12", "2"}, ok}, {{4, "2"}, ok}}, 4},
      {"the retired root has lost its word", {{{2, "01", "1"}, ok}, {{3, "0"}, stranger}}, 2},
      {"only the old root signed the rotation", {{{2, "0", "1"}, stranger}}, 0},
      {"only the new root signed the rotation", {{{2, "1", "1"}, stranger}}, 0},
      {"one generation is skipped", {{{1, "0"}, ok}, {{3, "12", "2"}, stranger}}, 1},
      {"the skipped one arrives later",
       {{{4, "2"}, stranger}, {{3, "12", "2"}, stranger}, {{2, "01", "1"}, ok}, {{4, "2"}, same}},
       4},
      {"a retired root cannot rewrite the past",
       {{{2, "01", "1"}, ok}, {{1, "03", "3"}, stranger}, {{3, "1"}, ok}},
       3},
      {"the threshold grows",
       {{{2, "012", "12"}, ok}, {{3, "1"}, stranger}, {{4, "12"}, ok}, {{3, "1"}, stranger}},
       4},
      {"part of the new threshold is not enough", {{{2, "01", "12"}, stranger}}, 0},
  };
  for (const auto& row : rows) {
    auto life = chain();
    std::map<std::pair<std::uint64_t, std::string>, Bytes> sealed;  // P-256 signs anew each time
    for (const auto& step : row.steps) {
      auto& envelope = sealed[{step.bundle.version, step.bundle.signers}];
      if (envelope.empty()) envelope = seal(step.bundle);
      EXPECT_EQ(code(life.offer(envelope)), step.verdict)
          << row.story << ", version " << step.bundle.version;
    }
    EXPECT_EQ(life.trust().version(), row.version) << row.story;
  }
}

// SPEC SEC-5: what was replayed after a restart is what was lived
TEST_F(TrustChainTest, AnyOrderOfHonestBundlesEndsTheSame) {
  std::vector<Bytes> bundles{seal({1, "0"}), seal({2, "01", "1"}), seal({3, "12", "2"}),
                             seal({4, "2"})};
  std::sort(bundles.begin(), bundles.end());
  const auto newest = content_hash(seal({4, "2"}));
  do {
    auto life = chain();
    for (const auto& bundle : bundles) (void)life.offer(bundle);
    EXPECT_EQ(life.trust().version(), 4u);
    EXPECT_EQ(life.in_force(), newest);
  } while (std::next_permutation(bundles.begin(), bundles.end()));
}

// SPEC SEC-3: somebody floods a node with bundles that nobody signed
TEST_F(TrustChainTest, StrangersThatWaitAreBounded) {
  auto life = chain();
  for (std::uint64_t version = 10; version < 10 + 2 * TrustChain::kMaxWaiting; ++version)
    EXPECT_EQ(code(life.offer(seal({version, "3"}))), "untrusted-signer");
  EXPECT_TRUE(life.offer(seal({2, "01", "1"})));
  EXPECT_TRUE(life.offer(seal({3, "13", "3"})));
  EXPECT_EQ(life.trust().version(), 9 + 2 * TrustChain::kMaxWaiting) << "the newest ones waited";
}

// SPEC SEC-5: the refusal says how to go on
TEST_F(TrustChainTest, ASkippedGenerationHasACure) {
  auto life = chain();
  const auto outcome = life.offer(seal({3, "12", "2"}));
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().cure.find("in between"), std::string::npos);
}

}  // namespace
}  // namespace latchkey
