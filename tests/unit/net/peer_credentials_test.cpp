#include "agent/net/peer_credentials.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace latchkey::net {
namespace {

TEST(PeerCredentials, DecideTheRole) {  // SPEC SEC-2
  constexpr gid_t kViewers = 500, kAdmins = 600;
  struct Row {
    std::string name;
    PeerCredentials peer;
    Role role;
  };
  const std::vector<Row> rows{
      {"root", {0, 0, {}}, Role::administrator},
      {"the agent's own user", {77, 77, {}}, Role::administrator},
      {"primary group of administrators", {1000, kAdmins, {}}, Role::administrator},
      {"supplementary group of administrators", {1000, 100, {4, kAdmins, 9}}, Role::administrator},
      {"primary group of viewers", {1000, kViewers, {}}, Role::viewer},
      {"supplementary group of viewers", {1000, 100, {kViewers}}, Role::viewer},
      {"both", {1000, kViewers, {kAdmins}}, Role::administrator},
      {"neither", {1000, 100, {4, 9}}, Role::none},
      {"root's group alone", {1000, 0, {0}}, Role::none},
  };
  for (const auto& row : rows)
    EXPECT_EQ(role_of(row.peer, {kViewers, kAdmins, 77}), row.role) << row.name;
}

TEST(PeerCredentials, GroupsThatDoNotExistGiveNoRole) {  // SPEC SEC-2
  EXPECT_EQ(role_of({1000, 0, {0, 1}}, {std::nullopt, std::nullopt, 77}), Role::none);
}

TEST(PeerCredentials, AreWhatTheKernelSays) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const auto peer = peer_credentials(ends[0]);
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->gid, ::getegid());
  std::vector<gid_t> mine(static_cast<std::size_t>(::getgroups(0, nullptr)));
  ASSERT_GE(::getgroups(static_cast<int>(mine.size()), mine.data()), 0);
  std::ranges::sort(mine);
  auto theirs = peer->groups;
  std::ranges::sort(theirs);
  EXPECT_EQ(theirs, mine);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(PeerCredentials, NoneForWhatIsNoUnixSocket) { EXPECT_FALSE(peer_credentials(-1)); }

TEST(LocalUsers, NamesRootAndNumbersStrangers) {
  const auto users = LocalUsers::load();
  EXPECT_EQ(users.name(0), "root");
  EXPECT_EQ(users.name(4'000'000'000U), "uid 4000000000");
}

TEST(FindGroup, KnowsRootAndNoInvention) {
  EXPECT_EQ(find_group("root"), gid_t{0});
  EXPECT_FALSE(find_group("latchkey-no-such-group"));
}

}  // namespace
}  // namespace latchkey::net
