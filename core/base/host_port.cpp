#include "core/base/host_port.h"

#include <charconv>
#include <cstdint>

namespace latchkey {

Result<HostPort> split_address(std::string_view address) {
  const auto invalid = [&] {
    return fail("address-invalid", "\"" + std::string(address) + "\" is no address",
                "write \"host:port\", an IPv6 address in brackets");
  };
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) return invalid();
  auto host = address.substr(0, colon);
  const auto port = address.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) return invalid();
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return invalid();
  return HostPort{std::string(host), std::string(port)};
}

bool is_loopback(std::string_view host) {
  // Digits and dots alone are an IPv4 address to whoever resolves them, never a name (RFC
  // 3493 6.1).
  return host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

std::string join_address(std::string_view host, std::string_view port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  return (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::string(port);
}

}  // namespace latchkey
