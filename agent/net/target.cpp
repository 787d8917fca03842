#include "agent/net/target.h"

#include <algorithm>

namespace latchkey::net {
namespace {

constexpr std::size_t kMaxParameters = 32;

tl::unexpected<Error> bad(std::string message) {
  return fail("bad-request", std::move(message),
              "Correct the request; docs/api.yaml lists the routes.");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends the decoded text; false for a malformed escape or a control character.
bool decode(std::string_view text, bool plus_is_space, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    out.push_back(c);
  }
  return true;
}

}  // namespace

Result<void> parse_target(std::string_view target, std::string& path,
                          std::vector<std::pair<std::string, std::string>>& query) {
  path.clear();
  query.clear();
  if (target.empty() || target.front() != '/')
    return bad("The request target is no absolute path.");
  const auto mark = target.find('?');
  if (!decode(target.substr(0, mark), false, path)) return bad("The path is malformed.");
  if (mark == std::string_view::npos) return {};
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view item = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (item.empty()) continue;
    if (query.size() == kMaxParameters) return bad("The query has too many parameters.");
    const auto equals = std::min(item.find('='), item.size());
    auto& [name, value] = query.emplace_back();
    if (!decode(item.substr(0, equals), true, name) ||
        !decode(item.substr(std::min(equals + 1, item.size())), true, value))
      return bad("The query is malformed.");
  }
  return {};
}

}  // namespace latchkey::net
