#include "core/base/csv.h"

#include <string_view>

namespace latchkey {
namespace {

bool is_formula(std::string_view value) {
  return !value.empty() && std::string_view("=+-@\t\r").find(value.front()) != value.npos;
}

void append_value(std::string& out, std::string_view value) {
  const bool formula = is_formula(value);
  if (!formula && value.find_first_of(",\"\r\n") == value.npos) {
    out += value;
    return;
  }
  out += formula ? "\"'" : "\"";
  for (const char c : value) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

}  // namespace

void append_csv_row(std::string& out, std::span<const std::string> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_value(out, values[i]);
  }
  out += "\r\n";
}

}  // namespace latchkey
