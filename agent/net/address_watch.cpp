#include "agent/net/address_watch.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace latchkey::net {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;

tl::unexpected<Error> unwatched(const std::string& what) {
  return fail("address-unwatched", "The virtual address cannot be watched: " + what + ".",
              "Check server.vip, and that the service may use AF_NETLINK.");
}

/// A struct of the kernel's at the start of these bytes, which may be unaligned.
template <class T>
std::optional<T> head(ByteView bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, bytes.data(), sizeof(T));
  return out;
}

/// The attribute of that type in a list of them; nothing when it is not there.
ByteView attribute(ByteView list, std::uint16_t type) {
  while (const auto one = head<rtattr>(list)) {
    if (one->rta_len < sizeof(rtattr) || one->rta_len > list.size()) return {};
    if (one->rta_type == type) return list.subspan(sizeof(rtattr), one->rta_len - sizeof(rtattr));
    list = list.subspan(std::min<std::size_t>(RTA_ALIGN(one->rta_len), list.size()));
  }
  return {};
}

}  // namespace

Result<Bytes> parse_address(const std::string& text) {
  std::array<std::uint8_t, 16> out{};
  if (::inet_pton(AF_INET, text.c_str(), out.data()) == 1)
    return Bytes(out.begin(), out.begin() + 4);
  if (::inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return Bytes(out.begin(), out.end());
  return fail("bad-address", text + " is no IPv4 or IPv6 address.");
}

Result<std::unique_ptr<AddressWatch>> AddressWatch::start(const std::string& address,
                                                          Changed changed) {
  LK_TRY(auto wanted, parse_address(address));
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return unwatched(std::strerror(errno));
  auto watch = std::make_unique<AddressWatch>(fd, std::move(wanted), std::move(changed));
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  local.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  // First the news, then all there is: nothing is missed in between.
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0 || !watch->ask())
    return unwatched(std::strerror(errno));
  return watch;
}

AddressWatch::AddressWatch(int fd, Bytes address, Changed changed)
    : fd_(fd), address_(std::move(address)), changed_(std::move(changed)) {}

AddressWatch::~AddressWatch() { ::close(fd_); }

bool AddressWatch::ask() {
  struct {
    nlmsghdr header;
    ifaddrmsg message;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.message.ifa_family = address_.size() == 4 ? AF_INET : AF_INET6;
  return ::send(fd_, &request, sizeof request, 0) == sizeof request;
}

void AddressWatch::handle_readable() {
  Bytes buffer(kBuffer);
  for (;;) {
    const auto size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (size > 0) {
      read(ByteView(buffer).first(static_cast<std::size_t>(size)));
    } else if (size < 0 && errno == ENOBUFS) {
      // The kernel dropped news: only a new look helps.
      interfaces_.clear();
      ask();
    } else if (size == 0 || errno != EINTR) {
      break;
    }
  }
  if (std::exchange(told_, here()) != here()) changed_(here());
}

void AddressWatch::read(ByteView messages) {
  while (const auto header = head<nlmsghdr>(messages)) {
    if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > messages.size()) return;
    note(header->nlmsg_type,
         messages.subspan(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr)));
    messages =
        messages.subspan(std::min<std::size_t>(NLMSG_ALIGN(header->nlmsg_len), messages.size()));
  }
}

void AddressWatch::note(std::uint16_t type, ByteView message) {
  const auto info = head<ifaddrmsg>(message);
  if ((type != RTM_NEWADDR && type != RTM_DELADDR) || !info) return;
  const auto list = message.subspan(std::min(sizeof(ifaddrmsg), message.size()));
  // Of a point-to-point interface IFA_ADDRESS is the other end.
  auto found = attribute(list, IFA_LOCAL);
  if (found.empty()) found = attribute(list, IFA_ADDRESS);
  if (!std::equal(found.begin(), found.end(), address_.begin(), address_.end())) return;
  if (type == RTM_NEWADDR)
    interfaces_.insert(info->ifa_index);
  else
    interfaces_.erase(info->ifa_index);
}

}  // namespace latchkey::net
