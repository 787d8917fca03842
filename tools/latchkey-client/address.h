#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace latchkey::client {

/// Where a server is: `https://HOST:PORT` (an IPv6 address in brackets, port 8201 when none is
/// named), or `unix:/PATH` for the agent of this machine.
struct Address {
  std::string text{};  ///< as it was written
  bool tls = false;
  std::string host{}, port{};  ///< of TLS; no brackets
  std::string path{};          ///< of a socket
};

/// Error: `address-invalid`.
Result<Address> parse_address(std::string_view text);

}  // namespace latchkey::client
