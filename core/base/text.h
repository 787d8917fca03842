#pragma once

#include <string_view>

namespace latchkey {

/// Whether `wanted` stands in `text`, ASCII letters in upper or lower case.
bool contains_text(std::string_view text, std::string_view wanted);
/// Without spaces, tabs and line ends around it: what RFC 8259 section 2 calls white space.
std::string_view trimmed(std::string_view text);

}  // namespace latchkey
