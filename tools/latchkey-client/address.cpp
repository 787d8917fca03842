#include "tools/latchkey-client/address.h"

#include <algorithm>

#include "core/base/host_port.h"

namespace latchkey::client {
namespace {

constexpr std::string_view kHttps = "https://", kUnix = "unix:";
constexpr std::string_view kUsualPort = "8201";
constexpr std::size_t kMaxPath = 107;  ///< sockaddr_un
constexpr std::size_t kMaxHost = 253;  ///< RFC 1035 3.1

tl::unexpected<Error> invalid(std::string_view text) {
  return fail("address-invalid", "\"" + std::string(text) + "\" is no server's address.",
              "Write https://HOST:8201, or unix:/PATH for an agent's socket.");
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHost && std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(".-_:%").find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  Address address{.text = std::string(text)};
  if (text.starts_with(kUnix)) {
    address.path = text.substr(kUnix.size());
    const bool fits = address.path.starts_with('/') && address.path.size() <= kMaxPath;
    return fits ? Result<Address>(std::move(address)) : invalid(text);
  }
  if (!text.starts_with(kHttps)) return invalid(text);
  auto place = std::string(text.substr(kHttps.size()));
  if (place.ends_with('/')) place.pop_back();
  // The colons of an IPv6 address are not the one before the port.
  const auto colon = place.find(':', place.starts_with('[') ? place.find(']') : 0);
  if (colon == std::string::npos) place.append(":").append(kUsualPort);
  const auto parts = split_address(place);
  if (!parts || !is_host(parts->host) || parts->port == "0") return invalid(text);
  address.tls = true;
  address.host = parts->host;
  address.port = parts->port;
  return address;
}

}  // namespace latchkey::client
