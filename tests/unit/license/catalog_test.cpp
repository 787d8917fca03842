#include "core/license/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latchkey {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kUnits[] = "[units]\ncup = { one = \"cup\", many = \"cups\" }\n";
constexpr char kTeapot[] =
    "[objects.teapot]\nname = \"Teapot\"\nkind = \"base\"\nunits = [\"cup\"]\n";

std::vector<std::string> problems_of(const std::string& toml) {
  std::vector<std::string> out;
  if (const auto catalog = parse_catalog(toml, "c.toml"); !catalog)
    for (const auto& problem : catalog.error()) out.push_back(to_string(problem));
  return out;
}

TEST(Catalog, ReadsEveryKey) {  // SPEC LIC-11, LIC-12
  const auto catalog = parse_catalog(std::string(kUnits) + kTeapot + R"(
[objects.lid]
name = "Lid"
also = ["Cover"]
kind = "module"
units = ["cup"]
draws_on = "teapot"
[objects.repair]
name = "Repair"
kind = "service"
units = ["cup"]
[editions.trial]
name = "Teapot to try"
also = ["Trial"]
object = "teapot"
includes = ["lid"]
days = 30
hosts = 1
after_sales = false
[editions.full]
name = "Teapot"
object = "teapot"
)",
                                     "c.toml");
  ASSERT_TRUE(catalog) << to_string(catalog.error().at(0));
  const Catalog expected{{{"cup", {"cup", "cups"}}},
                         {{"teapot", {"Teapot", {}, ObjectKind::base, {"cup"}, ""}},
                          {"lid", {"Lid", {"Cover"}, ObjectKind::module, {"cup"}, "teapot"}},
                          {"repair", {"Repair", {}, ObjectKind::service, {"cup"}, ""}}},
                         {{"trial", {"Teapot to try", {"Trial"}, "teapot", {"lid"}, 30, 1, false}},
                          {"full", {"Teapot", {}, "teapot", {}, {}, {}, true}}}};
  EXPECT_EQ(*catalog, expected);
}

TEST(Catalog, SaysEverythingThatIsWrongAtOnce) {
  EXPECT_THAT(
      problems_of("[units]\n"
                  "cup = { one = \"cup\" }\n"
                  "[objects.Teapot]\n"
                  "name = 7\n"
                  "kind = \"pot\"\n"
                  "units = [\"cup\", \"mug\"]\n"
                  "[objects.lid]\n"
                  "draws_on = \"teapot\"\n"
                  "colour = \"red\"\n"
                  "[editions.trial]\n"
                  "name = \"Trial\"\n"
                  "object = \"lid\"\n"
                  "includes = [\"handle\"]\n"
                  "days = 0\n"
                  "[edition.full]\n"),
      ElementsAre(
          "c.toml:2: units.cup: has no `many`; add it",
          "c.toml:3: objects.Teapot: is no id; use 1 to 64 lower-case letters, digits and hyphens",
          "c.toml:4: objects.Teapot.name: must be a string in quotes; correct the value",
          "c.toml:5: objects.Teapot.kind: \"pot\" is not known; use one of: base, module, service",
          "c.toml:6: objects.Teapot.units: `mug` is no unit; correct it or add [units.mug]",
          "c.toml:7: objects.lid: has no `name`; add it",
          "c.toml:7: objects.lid: has no `kind`; add it",
          "c.toml:7: objects.lid.units: names no unit; write units = [\"UNIT\"]",
          "c.toml:8: objects.lid.draws_on: must lead from a module to a base object; correct it",
          "c.toml:9: objects.lid.colour: is not a known key; correct its spelling or remove it",
          "c.toml:13: editions.trial.includes: `handle` is no module; correct it or remove it",
          "c.toml:14: editions.trial.days: is 0, out of range; choose 1 to 36500",
          "c.toml:15: edition: is not a known key; correct its spelling or remove it"));
}

TEST(Catalog, RefusesWhatIsMalformed) {
  const std::string good = std::string(kUnits) + kTeapot;
  ASSERT_THAT(problems_of(good), IsEmpty());
  const std::string lid = good + "[objects.lid]\nname = \"Lid\"\nkind = \"module\"\n";
  const struct {
    std::string toml;
    const char* starts;
  } rows[] = {
      {"", "c.toml:1: describes no object"},
      {"[units\n", "c.toml:1: "},
      {std::string(kMaxCatalogSize + 1, '\n'), "c.toml: is larger"},
      {good + "units = [\"cup\"]\n", "c.toml:7: "},
      {std::string("units = 1\n") + kTeapot, "c.toml:1: units: must be a table"},
      {good + "[editions]\ntrial = 1\n", "c.toml:8: editions.trial: must be a table"},
      {good + "[editions.t]\nname = \"T\"\nobject = \"cup\"\n", "c.toml:9: editions.t.object"},
      {good + "[editions.t]\nobject = \"teapot\"\n", "c.toml:7: editions.t: has no `name`"},
      {good + "[editions.t]\nname = \"T\"\nobject = \"teapot\"\nincludes = [\"teapot\"]\n",
       "c.toml:10: editions.t.includes: `teapot` is no module"},
      {good + "[editions.\"\"]\nname = \"T\"\nobject = \"teapot\"\n", "c.toml:7: editions"},
      {good + "also = [\"\"]\n", "c.toml:7: objects.teapot.also"},
      {good + "also = \"Pot\"\n", "c.toml:7: objects.teapot.also: must be a list of strings"},
      {good + "also = [\"\\u001b[31m\"]\n", "c.toml:7: objects.teapot.also: holds a control"},
      {good + "draws_on = \"teapot\"\n", "c.toml:7: objects.teapot.draws_on"},
      {lid + "units = [\"cup\"]\ndraws_on = \"kettle\"\n", "c.toml:11: objects.lid.draws_on"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(problems_of(row.toml), testing::Contains(StartsWith(row.starts))) << row.toml;
}

TEST(Catalog, ADrawNeedsTheSameUnits) {  // SPEC LIC-12, POOL-1
  const std::string toml = std::string(kUnits) + "mug = { one = \"mug\", many = \"mugs\" }\n" +
                           kTeapot + "[objects.lid]\nname = \"Lid\"\nkind = \"module\"\n";
  EXPECT_THAT(problems_of(toml + "units = [\"cup\"]\ndraws_on = \"teapot\"\n"), IsEmpty());
  EXPECT_THAT(problems_of(toml + "units = [\"cup\", \"mug\"]\ndraws_on = \"teapot\"\n"),
              ElementsAre("c.toml:12: objects.lid.draws_on: `teapot` is not metered by `mug`; give "
                          "both objects the same units"));
}

}  // namespace
}  // namespace latchkey
