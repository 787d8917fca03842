#include "agent/net/socket_file.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace latchkey::net {
namespace {

class SocketFileTest : public ::testing::Test {
 protected:
  struct stat info() const {
    struct stat found {};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0);
    return found;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(dir.path()), {}));
  }
  test::TempDir dir;
  std::string path = (dir.path() / "agent.sock").string();
};

TEST_F(SocketFileTest, HasItsModeAndGroupAndGoesAway) {  // SPEC SEC-2
  {
    const auto file = SocketFile::listen(path, 0640, {::getegid(), {}});
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(S_ISSOCK(info().st_mode));
    EXPECT_EQ(info().st_mode & 07777, 0640U);
    EXPECT_EQ(info().st_gid, ::getegid());
    EXPECT_TRUE(file->group_set());
    EXPECT_EQ(files(), 1U);
  }
  EXPECT_EQ(files(), 0U);
}

/// SPEC SEC-2: consumers may connect, and they are not let into the viewers' group for it.
TEST_F(SocketFileTest, ASecondGroupMayConnectAndNobodyElse) {
  constexpr gid_t kConsumers = 54321;
  const auto file = SocketFile::listen(path, 0660, {::getegid(), kConsumers});
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->guest_set());
  EXPECT_EQ(info().st_gid, ::getegid());
  EXPECT_EQ(info().st_mode & 07777, 0660U);
  const auto may_connect = [&](gid_t group) {
    const pid_t child = ::fork();
    if (child == 0) {
      std::filesystem::permissions(dir.path(), std::filesystem::perms::all);
      const bool dropped =
          ::setgroups(0, nullptr) == 0 && ::setgid(group) == 0 && ::setuid(54321) == 0;
      ::_exit(!dropped ? 2 : test::RawClient(path).connected() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  if (::geteuid() == 0) {
    EXPECT_EQ(may_connect(kConsumers), 0);
    EXPECT_EQ(may_connect(54322), 1);
  }
}

TEST_F(SocketFileTest, ReplacesWhatADeadAgentLeft) {
  auto dead = SocketFile::listen(path, 0600, {});
  ASSERT_TRUE(dead);
  ::close(dead->release());
  const auto old_inode = info().st_ino;
  const auto file = SocketFile::listen(path, 0600, {});
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_NE(info().st_ino, old_inode);
  EXPECT_TRUE(test::RawClient(path).connected());
}

TEST_F(SocketFileTest, LeavesALiveAgentAlone) {
  const auto live = SocketFile::listen(path, 0600, {});
  ASSERT_TRUE(live);
  const auto second = SocketFile::listen(path, 0600, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "socket-in-use");
  EXPECT_FALSE(second.error().cure.empty());
  EXPECT_TRUE(test::RawClient(path).connected());
  EXPECT_EQ(files(), 1U);
}

TEST_F(SocketFileTest, RemovesOnlyItsOwnFile) {
  auto first = std::make_optional(std::move(*SocketFile::listen(path, 0600, {})));
  std::filesystem::remove(path);
  const auto second = SocketFile::listen(path, 0600, {});
  ASSERT_TRUE(second);
  first.reset();
  EXPECT_TRUE(test::RawClient(path).connected());
}

TEST_F(SocketFileTest, SaysWhyAPathCannotBe) {
  std::ofstream(path) << "precious";
  const std::string missing = (dir.path() / "no" / "agent.sock").string();
  const std::vector<std::pair<std::string, std::string>> rows{
      {path, "socket-path"},
      {"", "socket-path"},
      {"/tmp/" + std::string(200, 'x'), "socket-path"},
      {missing, "socket-failed"},
  };
  for (const auto& [bad_path, code] : rows) {
    const auto file = SocketFile::listen(bad_path, 0600, {});
    ASSERT_FALSE(file) << bad_path;
    EXPECT_EQ(file.error().code, code) << bad_path;
  }
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

}  // namespace
}  // namespace latchkey::net
