#include "agent/telemetry/exposition.h"

#include <array>
#include <charconv>

namespace latchkey {
namespace {

using Seconds = std::chrono::duration<double>;

/// The shortest text that reads as the same number.
std::string shortest(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view help, std::string_view type) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void Exposition::sample(double value, Labels labels) { line({}, labels, {}, shortest(value)); }

void Exposition::sample(const DurationHistogram& value, Labels labels) {
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < DurationHistogram::kEnds.size(); ++i) {
    up_to += value.counts()[i];
    line("_bucket", labels, shortest(Seconds(DurationHistogram::kEnds[i]).count()),
         std::to_string(up_to));
  }
  up_to += value.counts().back();
  line("_bucket", labels, "+Inf", std::to_string(up_to));
  line("_sum", labels, {}, shortest(Seconds(value.sum()).count()));
  line("_count", labels, {}, std::to_string(up_to));
}

/// `end`: of a histogram's bucket; empty: this is none.
void Exposition::line(std::string_view suffix, Labels labels, std::string_view end,
                      std::string_view value) {
  text_.append(name_).append(suffix);
  char before = '{';
  for (const auto& [name, content] : labels) label(std::exchange(before, ','), name, content);
  if (!end.empty()) label(std::exchange(before, ','), "le", end);
  text_.append(before == '{' ? " " : "} ").append(value).append("\n");
}

void Exposition::label(char before, std::string_view name, std::string_view value) {
  text_.append(1, before).append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') text_.push_back('\\');
    c == '\n' ? text_.append("\\n") : text_.append(1, c);
  }
  text_.push_back('"');
}

}  // namespace latchkey
