#include "agent/net/peer_credentials.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace latchkey::net {
namespace {

constexpr std::size_t kMaxUsers = 1024;

std::vector<gid_t> peer_groups(int socket) {
  std::vector<gid_t> groups(64);
  // The kernel answers ERANGE with the size it wants; a user is in 65536 groups at most
  // (NGROUPS_MAX).
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int rc = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    const bool too_small = rc != 0 && errno == ERANGE;
    groups.resize(rc == 0 || too_small ? size / sizeof(gid_t) : 0);
    if (!too_small) return groups;
  }
  return {};
}

bool member(const PeerCredentials& peer, std::optional<gid_t> group) {
  return group &&
         (peer.gid == *group || std::ranges::find(peer.groups, *group) != peer.groups.end());
}

}  // namespace

std::optional<PeerCredentials> peer_credentials(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  return PeerCredentials{credentials.uid, credentials.gid, peer_groups(socket)};
}

Rights rights_of(const PeerCredentials& peer, const RolePolicy& policy) {
  if (peer.uid == 0 || peer.uid == policy.own_uid || member(peer, policy.admin_group))
    return rights_of(Role::administrator);
  Rights rights;
  if (member(peer, policy.viewer_group)) rights = rights | rights_of(Role::viewer);
  if (member(peer, policy.consumer_group)) rights = rights | rights_of(Role::consumer);
  return rights;
}

LocalUsers LocalUsers::load() {
  LocalUsers users;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/etc/passwd", "re"), std::fclose);
  if (!file) return users;
  std::array<char, 4096> text{};
  passwd entry{};
  passwd* found = nullptr;
  while (users.names_.size() < kMaxUsers &&
         ::fgetpwent_r(file.get(), &entry, text.data(), text.size(), &found) == 0)
    users.names_.emplace(entry.pw_uid, entry.pw_name);
  return users;
}

std::string LocalUsers::name(uid_t uid) const {
  const auto found = names_.find(uid);
  return found == names_.end() ? "uid " + std::to_string(uid) : found->second;
}

std::optional<gid_t> find_group(const std::string& name) {
  std::vector<char> text(16 * 1024);
  group entry{};
  group* found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  if (found == nullptr) return std::nullopt;
  return found->gr_gid;
}

}  // namespace latchkey::net
