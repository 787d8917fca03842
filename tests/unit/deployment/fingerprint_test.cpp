#include "core/deployment/fingerprint.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

using Names = std::vector<std::string>;

/// Raw values, salted as one deployment does.
Factors salted(const std::map<std::string, std::string>& raw) {
  Factors out;
  for (const auto& [name, value] : raw) out.emplace(name, salted_factor(Digest{7}, name, value));
  return out;
}

const std::map<std::string, std::string> kServer{
    {"machine-id", "m"}, {"dmi-uuid", "u"}, {"board-serial", "b"}, {"tpm-ek", "t"}};
const std::map<std::string, std::string> kVm{{"machine-id", "m"}, {"dmi-uuid", "u"}};

struct Story {
  std::string what;
  std::map<std::string, std::string> before, now;
  std::size_t required;
  bool same;
  Names matching, moved, missing;
};

const std::vector<Story>& stories() {
  static const std::vector<Story> kStories{
      {"nothing changed",
       kServer,
       kServer,
       4,
       true,
       {"board-serial", "dmi-uuid", "machine-id", "tpm-ek"},
       {},
       {}},
      {"a cloned VM with a regenerated DMI UUID",
       kVm,
       {{"machine-id", "m"}, {"dmi-uuid", "u2"}},
       2,
       false,
       {"machine-id"},
       {"dmi-uuid"},
       {}},
      // The system was installed anew on the new disk.
      {"a replaced disk",
       kServer,
       {{"machine-id", "m2"}, {"dmi-uuid", "u"}, {"board-serial", "b"}, {"tpm-ek", "t"}},
       3,
       true,
       {"board-serial", "dmi-uuid", "tpm-ek"},
       {"machine-id"},
       {}},
      {"a swapped board",
       kServer,
       {{"machine-id", "m"}, {"dmi-uuid", "u2"}, {"board-serial", "b2"}, {"tpm-ek", "t2"}},
       2,
       false,
       {"machine-id"},
       {"board-serial", "dmi-uuid", "tpm-ek"},
       {}},
      {"a TPM that was switched off",
       kServer,
       {{"machine-id", "m"}, {"dmi-uuid", "u"}, {"board-serial", "b"}},
       3,
       true,
       {"board-serial", "dmi-uuid", "machine-id"},
       {},
       {"tpm-ek"}},
      {"a TPM that came later",
       kVm,
       {{"machine-id", "m"}, {"dmi-uuid", "u"}, {"tpm-ek", "t"}},
       2,
       true,
       {"dmi-uuid", "machine-id"},
       {},
       {}},
      {"more required than described", kVm, kVm, 3, false, {"dmi-uuid", "machine-id"}, {}, {}},
      {"nothing described", {}, kServer, 1, false, {}, {}, {}},
      {"nothing required", {}, kServer, 0, false, {}, {}, {}},
  };
  return kStories;
}

TEST(Fingerprint, NamesTheFactorThatMoved) {  // SPEC REQ-2
  for (const auto& story : stories()) {
    const auto match = match_fingerprint(salted(story.before), salted(story.now));
    EXPECT_EQ(match.matching, story.matching) << story.what;
    EXPECT_EQ(match.moved, story.moved) << story.what;
    EXPECT_EQ(match.missing, story.missing) << story.what;
    EXPECT_EQ(is_same_machine(match, story.required), story.same) << story.what;
  }
}

TEST(Fingerprint, SaltNameAndValueAllCount) {  // SPEC REQ-2 salted
  const auto one = salted_factor(Digest{1}, "dmi-uuid", "u");
  EXPECT_EQ(one.size(), 64U);
  EXPECT_EQ(one, salted_factor(Digest{1}, "dmi-uuid", "u"));
  EXPECT_NE(one, salted_factor(Digest{2}, "dmi-uuid", "u"));
  EXPECT_NE(one, salted_factor(Digest{1}, "board-serial", "u"));
  EXPECT_NE(one, salted_factor(Digest{1}, "dmi-uui", "du"));
}

TEST(Fingerprint, TheSaltBelongsToTheDeploymentKey) {
  const auto one = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  const auto two = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  EXPECT_EQ(factor_salt(one).value(), factor_salt(one).value());
  EXPECT_NE(factor_salt(one).value(), factor_salt(two).value());
}

}  // namespace
}  // namespace latchkey
