#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace latchkey {

struct HostPort {
  std::string host;  ///< without brackets; may be empty
  std::string port;  ///< 0 to 65535
};
/// "host:port", an IPv6 address in brackets. Error: `address-invalid`.
Result<HostPort> split_address(std::string_view address);
/// Whether `host` is an IP address that only this machine's own programs can come to.
bool is_loopback(std::string_view host);
std::string join_address(std::string_view host, std::string_view port);

}  // namespace latchkey
