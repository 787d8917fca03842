#include "core/access/rights.h"

#include <gtest/gtest.h>

#include <array>

namespace latchkey {
namespace {

TEST(Rights, OfEveryRole) {  // SPEC SEC-2
  struct Row {
    Role role;
    const char* name;
    const char* rights;
  };
  const std::array rows{
      Row{Role::none, "none", "none"},
      Row{Role::viewer, "viewer", "view"},
      Row{Role::operator_, "operator", "view or operate"},
      Row{Role::administrator, "administrator", "view or operate or administer or consume or draw"},
      Row{Role::consumer, "consumer", "consume"},
      Row{Role::client_site, "client-site", "consume or draw"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(to_string(row.role), row.name);
    EXPECT_EQ(to_string(rights_of(row.role)), row.rights) << row.name;
    if (row.role != Role::none) {
      EXPECT_EQ(parse_role(row.name), row.role);
    }
  }
}

TEST(Rights, NobodyIsGivenARoleThatIsNone) {  // SPEC SEC-2
  for (const char* name : {"none", "", "root", "Viewer", "administrator "})
    EXPECT_FALSE(parse_role(name)) << name;
}

TEST(Rights, AreASet) {
  const Rights both = Right::view | Right::consume;
  EXPECT_TRUE(both.has(Right::view));
  EXPECT_FALSE(both.has(Right::administer));
  EXPECT_TRUE(both.intersects(Right::consume | Right::draw));
  EXPECT_FALSE(both.intersects({}));
  EXPECT_TRUE(Rights().empty());
}

}  // namespace
}  // namespace latchkey
