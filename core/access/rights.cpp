#include "core/access/rights.h"

#include <array>
#include <utility>

namespace latchkey {
namespace {

struct RoleRow {
  Role role;
  std::string_view name;
  Rights rights;
};
constexpr std::array kRoles{
    RoleRow{Role::none, "none", {}},
    RoleRow{Role::viewer, "viewer", Right::view},
    RoleRow{Role::operator_, "operator", Right::view | Right::operate},
    RoleRow{Role::administrator, "administrator",
            Right::view | Right::operate | Right::administer | Right::consume | Right::draw},
    RoleRow{Role::consumer, "consumer", Right::consume},
    RoleRow{Role::client_site, "client-site", Right::consume | Right::draw},
};

constexpr std::array<std::pair<Right, std::string_view>, 5> kRights{
    {{Right::view, "view"},
     {Right::operate, "operate"},
     {Right::administer, "administer"},
     {Right::consume, "consume"},
     {Right::draw, "draw"}}};

const RoleRow& row_of(Role role) { return kRoles.at(static_cast<std::size_t>(role)); }

}  // namespace

Rights rights_of(Role role) { return row_of(role).rights; }
std::string_view to_string(Role role) { return row_of(role).name; }

std::optional<Role> parse_role(std::string_view name) {
  for (const auto& row : kRoles)
    if (row.name == name && row.role != Role::none) return row.role;
  return std::nullopt;
}

std::string to_string(Rights rights) {
  std::string text;
  for (const auto& [right, name] : kRights)
    if (rights.has(right)) text.append(text.empty() ? "" : " or ").append(name);
  return text.empty() ? "none" : text;
}

}  // namespace latchkey
