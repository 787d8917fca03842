#include "agent/app/entry_list.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/app/license_json.h"
#include "tests/unit/pool/deployment_fixture.h"

namespace latchkey {
namespace {

using test::Licensed;
using Json = nlohmann::json;
using EntryLines = std::vector<std::string>;

/// A key, two file licenses of modules (the later one expired), and one of a base.
Licensed several() {
  Licensed all;
  all.key(90, {test::base("kvm", 1)});
  all.file("F-old", 10, {test::module("vmware", 10), test::module("vmware", 11, 0, 50)});
  all.file("F-new", 20, {test::module("vmware", 20), test::module("arm64", 21, 0, 365, "host")});
  all.file("F-base", 30, {test::base("zsphere", 30), test::module("vmware", 31)});
  return all;
}

Json entries(const LicenseQuery& query, const Licensed& of = several()) {
  return entries_page(of.entitled(), of.catalog, query);
}

/// `F-new vmware 20`.
EntryLines lines(const Json& page) {
  EntryLines out;
  for (const auto& one : page.at("entries"))
    out.push_back(one.at("license").get<std::string>() + " " + one.at("object").get<std::string>() +
                  " " + one.at("quantity").dump());
  return out;
}

EntryLines ids(const Json& page) {
  EntryLines out;
  for (const auto& one : page.at("licenses")) out.push_back(one.at("id"));
  return out;
}

// SPEC POOL-1, LIC-9: pool by pool, what counts first, then the newest
TEST(Entries, AreInAnOrderThatPeopleCanUse) {
  const auto all = entries({.limit = 100});
  EXPECT_EQ(lines(all),
            (EntryLines{"on-key kvm 1", "F-base zsphere 30", "F-new arm64 21", "F-base vmware 31",
                        "F-new vmware 20", "F-old vmware 10", "F-old vmware 11"}));
  EXPECT_EQ(all.at("total"), 7);
  EXPECT_EQ(all.at("matching"), 7);
  EXPECT_EQ(all.at("next"), 0);
  const Json vmware{
      {"kind", "module"}, {"object", "vmware"}, {"unit", "cpu-socket"}, {"matching", 4}};
  EXPECT_EQ(all.at("pools").back(), vmware);
}

TEST(Entries, OfEachPoolAreTheFirstOnes) {
  const auto first = entries({.each = 1, .limit = 100});
  EXPECT_EQ(lines(first), (EntryLines{"on-key kvm 1", "F-base zsphere 30", "F-new arm64 21",
                                      "F-base vmware 31"}));
  EXPECT_EQ(first.at("matching"), 7) << "it says that there are more";
  EXPECT_EQ(first.at("next"), 0) << "and that these are all that were asked for";
}

TEST(Entries, ComePageByPage) {
  EntryLines together;
  std::size_t after = 0, pages = 0;
  do {
    const auto page = entries({.after = after, .limit = 3});
    EXPECT_EQ(page.at("matching"), 7);
    for (auto& line : lines(page)) together.push_back(std::move(line));
    after = page.at("next");
    ++pages;
  } while (after != 0);
  EXPECT_EQ(pages, 3U);
  EXPECT_EQ(together, lines(entries({.limit = 100})));
  EXPECT_TRUE(lines(entries({.after = 7, .limit = 3})).empty());
  EXPECT_EQ(entries({.after = 1000, .limit = 3}).at("next"), 0);
}

TEST(Entries, AreFound) {
  const struct {
    const char* why;
    LicenseQuery query;
    EntryLines expected;
  } rows[] = {
      {"license", {.license = "F-new"}, {"F-new arm64 21", "F-new vmware 20"}},
      {"object", {.object = "arm64"}, {"F-new arm64 21"}},
      {"unit", {.unit = "host"}, {"F-new arm64 21"}},
      {"kind", {.kind = "base"}, {"on-key kvm 1", "F-base zsphere 30"}},
      {"status", {.status = "expired"}, {"F-old vmware 11"}},
      {"text in the id", {.text = "f-BASE"}, {"F-base zsphere 30", "F-base vmware 31"}},
      {"text in the name", {.text = "zsphere"}, {"F-base zsphere 30"}},
      {"text in the key", {.text = "lk-red"}, {"on-key kvm 1"}},
      {"two at once", {.status = "valid", .license = "F-old"}, {"F-old vmware 10"}},
      {"nothing", {.text = "nobody"}, {}},
  };
  for (auto [why, query, expected] : rows) {
    query.limit = 100;
    EXPECT_EQ(lines(entries(query)), expected) << why;
  }
}

// SPEC LIC-2: as deletable() decides
TEST(Entries, SayWhetherTheirLicenseCanBeDeleted) {
  for (const auto& [license, expected] :
       {std::pair{"on-key", false}, {"F-base", false}, {"F-old", true}}) {
    const auto page = entries({.license = license, .limit = 100});
    ASSERT_FALSE(page.at("entries").empty());
    for (const auto& one : page.at("entries")) EXPECT_EQ(one.at("deletable"), expected) << license;
  }
}

// SPEC LIC-9: the same, license by license
TEST(Licenses, AreFoundAndComePageByPage) {
  const auto several_ = several();
  const LicenseView view{
      several_.decision, several_.catalog, {"here", {{"node-a", "Anna"}}}, several_.documents};
  const auto list = [&](const LicenseQuery& query) { return licenses_json(view, query); };
  EXPECT_EQ(ids(list({})), (EntryLines{"F-base", "F-new", "F-old"}));
  EXPECT_EQ(list({}).at("licenses")[0].at("entries").size(), 2U);
  const auto first = list({.entries = false, .limit = 2});
  EXPECT_EQ(ids(first), (EntryLines{"F-base", "F-new"}));
  EXPECT_EQ(first.at("next"), 2);
  EXPECT_EQ(first.at("matching"), 3);
  EXPECT_FALSE(first.at("licenses")[0].contains("entries"));
  EXPECT_EQ(first.at("licenses")[0].at("count"), 2);
  const auto second = list({.after = 2, .limit = 2});
  EXPECT_EQ(ids(second), (EntryLines{"F-old"}));
  EXPECT_EQ(second.at("next"), 0);
  EXPECT_EQ(ids(list({.text = "f-n"})), (EntryLines{"F-new"}));
  EXPECT_EQ(ids(list({.status = "expired"})), EntryLines{});
  EXPECT_EQ(list({.status = "expired"}).at("total"), 3);
}

}  // namespace
}  // namespace latchkey
