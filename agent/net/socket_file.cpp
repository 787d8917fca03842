#include "agent/net/socket_file.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace latchkey::net {
namespace {

constexpr int kBacklog = 128;

tl::unexpected<Error> system_failure(const std::string& what, const std::string& path) {
  return fail("socket-failed", what + " " + path + ": " + std::strerror(errno) + ".",
              "Check that the directory exists and that the agent's user may write to it.");
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail("socket-path", "The socket path is empty or too long: " + path + ".",
                "Set api.socket to a path of at most 100 characters.");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int open_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

/// Read and write for `group` beside what `mode` gives. One entry in an ACL is not worth a library:
/// the kernel's format is in linux/posix_acl_xattr.h, little-endian.
bool invite(const std::string& path, mode_t mode, gid_t group) {
  struct {
    posix_acl_xattr_header header;
    std::array<posix_acl_xattr_entry, 5> entries;
  } acl{};
  const auto bits = [mode](int shift) { return htole16((mode >> shift) & 7); };
  const auto entry = [](unsigned tag, std::uint16_t permissions, std::uint32_t id) {
    return posix_acl_xattr_entry{htole16(tag), permissions, htole32(id)};
  };
  acl.header.a_version = htole32(POSIX_ACL_XATTR_VERSION);
  acl.entries = {entry(ACL_USER_OBJ, bits(6), ACL_UNDEFINED_ID),
                 entry(ACL_GROUP_OBJ, bits(3), ACL_UNDEFINED_ID),
                 entry(ACL_GROUP, htole16(ACL_READ | ACL_WRITE), group),
                 entry(ACL_MASK, htole16(ACL_READ | ACL_WRITE), ACL_UNDEFINED_ID),
                 entry(ACL_OTHER, bits(0), ACL_UNDEFINED_ID)};
  static_assert(sizeof acl == sizeof(posix_acl_xattr_header) + 5 * sizeof(posix_acl_xattr_entry));
  return ::setxattr(path.c_str(), "system.posix_acl_access", &acl, sizeof acl, 0) == 0;
}

/// Only a file that nobody answers at may be replaced.
Result<void> check_replaceable(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode))
    return fail("socket-path", path + " exists and is no socket.",
                "Move it away, or set api.socket to another path.");
  const int probe = open_socket();
  if (probe < 0) return system_failure("Cannot open a socket for", path);
  const int rc = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool dead = rc != 0 && (errno == ECONNREFUSED || errno == ENOENT);
  ::close(probe);
  if (dead) return {};
  return fail("socket-in-use", "Another process answers at " + path + ".",
              "Stop the other agent first, or set api.socket to another path.");
}

}  // namespace

Result<SocketFile> SocketFile::listen(const std::string& path, mode_t mode,
                                      const SocketGroups& groups) {
  LK_TRY(const sockaddr_un final_address, address_of(path));
  // Bound under a name of its own first: mode and group are right before the real name leads here,
  // and the rename replaces a dead file in one step.
  const std::string temporary = path + "." + std::to_string(::getpid());
  LK_TRY(const sockaddr_un address, address_of(temporary));
  LK_CHECK(check_replaceable(path, final_address));
  const int fd = open_socket();
  if (fd < 0) return system_failure("Cannot open a socket for", path);
  SocketFile file(path, fd);
  ::unlink(temporary.c_str());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return system_failure("Cannot create", path);
  if (auto published = file.publish(temporary, mode, groups); !published) {
    ::unlink(temporary.c_str());
    return tl::make_unexpected(published.error());
  }
  return file;
}

Result<void> SocketFile::publish(const std::string& temporary, mode_t mode,
                                 const SocketGroups& groups) {
  if (groups.group)
    group_set_ = ::chown(temporary.c_str(), static_cast<uid_t>(-1), *groups.group) == 0;
  struct stat info {};
  if (::chmod(temporary.c_str(), mode) != 0 || ::lstat(temporary.c_str(), &info) != 0)
    return system_failure("Cannot set up", path_);
  if (groups.guest) guest_set_ = invite(temporary, mode, *groups.guest);
  if (::listen(fd_, kBacklog) != 0 || std::rename(temporary.c_str(), path_.c_str()) != 0)
    return system_failure("Cannot set up", path_);
  device_ = info.st_dev;
  inode_ = info.st_ino;
  return {};
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      group_set_(other.group_set_),
      guest_set_(other.guest_set_),
      device_(other.device_),
      inode_(std::exchange(other.inode_, 0)) {}

SocketFile::~SocketFile() {
  if (fd_ >= 0) ::close(fd_);
  struct stat info {};
  if (inode_ != 0 && ::lstat(path_.c_str(), &info) == 0 && info.st_ino == inode_ &&
      info.st_dev == device_)
    ::unlink(path_.c_str());
}

int SocketFile::release() { return std::exchange(fd_, -1); }

}  // namespace latchkey::net
