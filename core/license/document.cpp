#include "core/license/document.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace latchkey {
namespace {

constexpr std::array<std::string_view, 2> kKinds{"base", "module"};
constexpr std::array<std::string_view, 2> kAssurances{"possession", "attested"};

template <class T, std::size_t N>
std::optional<T> parse(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<T>(at - names.begin());
}

}  // namespace

std::string_view to_string(EntryKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::optional<EntryKind> parse_entry_kind(std::string_view name) {
  return parse<EntryKind>(kKinds, name);
}

std::string_view to_string(KeyAssurance assurance) {
  return kAssurances[static_cast<std::size_t>(assurance)];
}
std::optional<KeyAssurance> parse_key_assurance(std::string_view name) {
  return parse<KeyAssurance>(kAssurances, name);
}

LicenseSummary summarise(const LicenseDocument& document, std::string hash) {
  LicenseSummary out{std::move(hash), document.id, document.issued, {}};
  for (const auto& entry : document.entries) out.windows.push_back(entry.validity);
  const auto order = [](const ValidityWindow& window) {
    return std::tuple(window.not_before, window.not_after);
  };
  std::ranges::sort(out.windows, {}, order);
  // Not std::ranges::unique: clang 14 does not compile the subrange of libstdc++ 12.
  out.windows.erase(std::unique(out.windows.begin(), out.windows.end()), out.windows.end());
  return out;
}

}  // namespace latchkey
