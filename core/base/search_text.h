#pragma once

#include <string_view>

namespace latchkey {

/// Whether `wanted` stands in `text`, ASCII letters in upper or lower case.
bool contains_text(std::string_view text, std::string_view wanted);

}  // namespace latchkey
