#include "agent/app/trust_files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/sample_vendor.h"
#include "tests/support/temp_dir.h"

namespace latchkey {
namespace {

using test::SampleVendor;

class TrustFilesTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    std::ofstream(dir_.path() / name, std::ios::binary) << text;
    return dir_.path() / name;
  }
  std::string root_pem() const { return vendor_.root.public_key().pem(); }
  ConfiguredTrust load(Config::Trust config = {}) const {
    config.dir = dir_.path();
    auto trust = load_trust(config);
    EXPECT_TRUE(trust) << trust.error().message;
    return trust.value_or(ConfiguredTrust{});
  }

  const SampleVendor vendor_{};
  const test::TempDir dir_;
};

// SPEC SEC-5
TEST_F(TrustFilesTest, TakesWhatLiesInTheDirectory) {
  write("root.pub", root_pem());
  write("notes.txt", "no key");
  write("bundle.json", "{}");
  const auto trust = load();
  ASSERT_EQ(trust.roots.keys.size(), 1U);
  EXPECT_EQ(trust.roots.keys.front().pem(), root_pem());
  EXPECT_EQ(trust.file, (dir_.path() / "bundle.json").string());
  EXPECT_EQ(trust.bundle.size(), 2U);
}

TEST_F(TrustFilesTest, NobodyIsBelievedWhereThereIsNoFileOrNoDirectory) {
  EXPECT_TRUE(load().roots.keys.empty());
  Config::Trust nowhere;
  nowhere.dir = dir_.path() / "missing";
  const auto trust = load_trust(nowhere);
  ASSERT_TRUE(trust);
  EXPECT_TRUE(trust->roots.keys.empty());
  EXPECT_TRUE(trust->file.empty());
}

// An administrator who names the files believes nobody else's.
TEST_F(TrustFilesTest, NamedFilesHideTheDirectory) {
  write("root.pub", "no key at all");
  write("bundle.json", "{}");
  const test::TempDir elsewhere;
  const auto named = elsewhere.path() / "vendor.pem";
  std::ofstream(named) << root_pem();
  const auto trust = load({.roots = {named}, .bundle = {}, .dir = {}});
  EXPECT_EQ(trust.roots.keys.size(), 1U);
  EXPECT_TRUE(trust.file.empty());
}

TEST_F(TrustFilesTest, AWrongFileInTheDirectoryIsNamed) {
  const auto file = write("root.pub", "no key at all");
  Config::Trust config;
  config.dir = dir_.path();
  const auto trust = load_trust(config);
  ASSERT_FALSE(trust);
  EXPECT_NE(trust.error().message.find(file.string()), std::string::npos);
}

}  // namespace
}  // namespace latchkey
