#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/net/http.h"

namespace latchkey::net {

/// Who is at the other end of a Unix socket, as the kernel noted it at connect time.
struct PeerCredentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< supplementary
};

/// SO_PEERCRED and SO_PEERGROUPS (socket(7), Linux 4.13); none when the kernel does not say who it
/// is.
std::optional<PeerCredentials> peer_credentials(int socket);

/// Group names resolved once, at start: a name service may block, the reactor may not.
struct RolePolicy {
  std::optional<gid_t> viewer_group;
  std::optional<gid_t> admin_group;
  std::optional<gid_t> consumer_group;
  uid_t own_uid = 0;  ///< the agent's: an administrator, as root is
};

/// SPEC SEC-2: root, the agent's own user and members of the administrators' group are
/// administrators, members of the viewers' group viewers, of the consumers' group consumers (of
/// both: both); nobody else has a right.
Rights rights_of(const PeerCredentials& peer, const RolePolicy& policy);

/// User names of /etc/passwd, read once at start for the same reason; others are called `uid N`.
class LocalUsers {
 public:
  static LocalUsers load();
  std::string name(uid_t uid) const;

 private:
  std::unordered_map<uid_t, std::string> names_;
};

std::optional<gid_t> find_group(const std::string& name);  ///< blocks: at start only

}  // namespace latchkey::net
