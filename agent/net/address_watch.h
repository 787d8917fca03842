#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace latchkey::net {

/// An IPv4 or IPv6 address in network order.
Result<Bytes> parse_address(const std::string& text);

/// Whether an interface of this machine has an address, as rtnetlink(7) tells. It knows no policy;
/// the caller watches fd() and calls handle_readable(). Reactor thread only.
class AddressWatch {
 public:
  using Changed = std::function<void(bool here)>;

  /// Subscribes and asks for all there is. Error: `address-unwatched`.
  static Result<std::unique_ptr<AddressWatch>> start(const std::string& address, Changed changed);
  /// Over a descriptor of the caller's, which it takes over; asks nothing.
  AddressWatch(int fd, Bytes address, Changed changed);
  ~AddressWatch();
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;

  int fd() const { return fd_; }
  void handle_readable();
  bool here() const { return !interfaces_.empty(); }

 private:
  bool ask();
  /// One datagram of the kernel.
  void read(ByteView messages);
  void note(std::uint16_t type, ByteView message);

  const int fd_;
  const Bytes address_;
  const Changed changed_;
  std::set<std::uint32_t> interfaces_;  ///< that have it
  bool told_ = false;
};

}  // namespace latchkey::net
