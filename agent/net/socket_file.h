#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "core/base/result.h"

namespace latchkey::net {

/// Whose members may connect, beside the socket's owner.
struct SocketGroups {
  std::optional<gid_t> group;  ///< the file's own
  std::optional<gid_t> guest;  ///< by an entry in its access control list (acl(5))
};

/// A listening Unix stream socket and its file, which goes with it unless somebody else has
/// replaced it.
class SocketFile {
 public:
  /// Listens at `path`, with mode and group set before anybody can see it. A file that a dead agent
  /// left is replaced in one step. Errors: `socket-in-use` (somebody answers there), `socket-path`
  /// (too long, not a socket, no such directory), `socket-failed`. A group that may not be given is
  /// left as it is.
  static Result<SocketFile> listen(const std::string& path, mode_t mode,
                                   const SocketGroups& groups);

  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile();

  int release();  ///< the descriptor, non-blocking and close-on-exec, becomes the caller's
  bool group_set() const { return group_set_; }
  bool guest_set() const { return guest_set_; }

 private:
  SocketFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Result<void> publish(const std::string& temporary, mode_t mode, const SocketGroups& groups);

  std::string path_;
  int fd_ = -1;
  bool group_set_ = true;
  bool guest_set_ = true;
  dev_t device_ = 0;  ///< with inode_: the file that is ours, 0 before it is published
  ino_t inode_ = 0;
};

}  // namespace latchkey::net
