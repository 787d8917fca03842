#include "core/base/search_text.h"

#include <algorithm>
#include <cctype>

namespace latchkey {

bool contains_text(std::string_view text, std::string_view wanted) {
  const auto same = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), same) != text.end() ||
         wanted.empty();
}

}  // namespace latchkey
