#include "agent/identity/identity.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace latchkey {
namespace {

TEST(Identity, SurvivesARestart) {
  const test::TempDir dir;
  const auto first = Identity::load_or_create(dir.path());
  const auto second = Identity::load_or_create(dir.path());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->node_id().size(), 32u);
  EXPECT_EQ(first->node_id(), second->node_id());
  EXPECT_EQ(first->deployment_id(), second->deployment_id());
}

// SPEC SEC-1: nobody else reads the deployment's key.
TEST(Identity, KeepsItsKeyToItself) {
  const test::TempDir dir;
  ASSERT_TRUE(Identity::load_or_create(dir.path()));
  using std::filesystem::perms;
  const auto mode = std::filesystem::status(dir.path() / "identity/deployment.key").permissions();
  EXPECT_EQ(mode, perms::owner_read | perms::owner_write);
}

TEST(Identity, NeverReplacesADamagedFile) {
  for (const char* name : {"node-id", "deployment.key"}) {
    const test::TempDir dir;
    ASSERT_TRUE(Identity::load_or_create(dir.path()));
    const auto path = dir.path() / "identity" / name;
    std::ofstream(path) << "rubbish";
    const auto again = Identity::load_or_create(dir.path());
    ASSERT_FALSE(again) << name;
    EXPECT_EQ(again.error().code, "identity-damaged");
    EXPECT_EQ(read_small_file(path, 100).value(), "rubbish");
  }
}

TEST(Identity, AJoiningNodeAdoptsTheDeployment) {
  const test::TempDir one, two;
  auto inviter = Identity::load_or_create(one.path());
  auto joiner = Identity::load_or_create(two.path());
  ASSERT_TRUE(inviter && joiner);
  ASSERT_NE(inviter->deployment_id(), joiner->deployment_id());
  EXPECT_EQ(joiner->adopt_deployment_key("rubbish").error().code, "invalid-deployment-key");
  ASSERT_TRUE(joiner->adopt_deployment_key(*inviter->deployment_key().plain_pem()));
  EXPECT_EQ(inviter->deployment_id(), joiner->deployment_id());
  EXPECT_EQ(Identity::load_or_create(two.path())->deployment_id(), inviter->deployment_id());
}

}  // namespace
}  // namespace latchkey
