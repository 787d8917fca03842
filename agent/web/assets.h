#pragma once

#include <span>
#include <string_view>

namespace latchkey::web {

/// One file of the page, as cmake/embed.cmake put it into the binary.
struct Asset {
  std::string_view path;  ///< below agent/web/static: `views/license.js`
  std::string_view hash;  ///< 16 hex digits of the SHA-256 of its bytes
  std::string_view plain;
  std::string_view gzip;  ///< the same bytes, compressed at build time (RFC 1952)
};

/// Every file of agent/web/static.
std::span<const Asset> assets();

}  // namespace latchkey::web
