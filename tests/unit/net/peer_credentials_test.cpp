#include "agent/net/peer_credentials.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace latchkey::net {
namespace {

TEST(PeerCredentials, DecideTheRights) {  // SPEC SEC-2
  constexpr gid_t kViewers = 500, kAdmins = 600, kConsumers = 700;
  const Rights administrator = latchkey::rights_of(Role::administrator);
  struct Row {
    std::string name;
    PeerCredentials peer;
    Rights rights;
  };
  const std::vector<Row> rows{
      {"root", {0, 0, {}}, administrator},
      {"the agent's own user", {77, 77, {}}, administrator},
      {"primary group of administrators", {1000, kAdmins, {}}, administrator},
      {"supplementary group of administrators", {1000, 100, {4, kAdmins, 9}}, administrator},
      {"primary group of viewers", {1000, kViewers, {}}, Right::view},
      {"supplementary group of viewers", {1000, 100, {kViewers}}, Right::view},
      {"both", {1000, kViewers, {kAdmins}}, administrator},
      {"consumers alone", {1000, 100, {kConsumers}}, Right::consume},
      {"viewers and consumers", {1000, kViewers, {kConsumers}}, Right::view | Right::consume},
      {"all", {1000, kViewers, {kConsumers, kAdmins}}, administrator},
      {"neither", {1000, 100, {4, 9}}, {}},
      {"root's group alone", {1000, 0, {0}}, {}},
  };
  for (const auto& row : rows)
    EXPECT_EQ(rights_of(row.peer, {kViewers, kAdmins, kConsumers, 77}), row.rights) << row.name;
}

TEST(PeerCredentials, GroupsThatDoNotExistGiveNoRight) {  // SPEC SEC-2
  EXPECT_TRUE(rights_of({1000, 0, {0, 1}}, {std::nullopt, std::nullopt, std::nullopt, 77}).empty());
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
