#include "core/license/document.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using nlohmann::json;
using test::at;
using test::SampleVendor;

LicenseDocument full() {
  auto out = SampleVendor::license(key_id(as_bytes("key")));
  out.entries.push_back(SampleVendor::entry("vmware"));
  out.entries[1].kind = EntryKind::module;
  out.entries[1].terms = {{"over-use", "10%"}};
  out.minimum_assurance = KeyAssurance::attested;
  out.supersedes = {"L-0"};
  return out;
}

TEST(LicenseDocumentTest, RoundTrips) {
  auto bound_to_deployment = full();
  bound_to_deployment.binding =
      DeploymentBinding{std::string(64, 'a'), {{"node-a", {{"machine-id", "00ff"}}}}, 1};
  for (const auto& document :
       {full(), SampleVendor::license(key_id(as_bytes("k"))), bound_to_deployment})
    EXPECT_EQ(parse_license(as_bytes(serialise(document))).value(), document);
}

TEST(ParseLicense, RefusesWhatTheFormatDoesNotAllow) {  // SPEC LIC-5 invalid-format, SEC-3
  const json good = json::parse(serialise(full()));
  const struct {
    const char* pointer;
    json value;
  } rows[] = {
      {"/id", {}},
      {"/id", ""},
      {"/id", "a b"},
      {"/id", std::string(65, 'x')},
      {"/id", 7},
      {"/serial", -1},
      {"/serial", 1.5},
      {"/serial", "1"},
      {"/issued", "2026-01-01"},
      {"/issued", "2026-01-01T00:00:00+01:00"},
      {"/issuer", ""},
      {"/customer", std::string(257, 'x')},
      {"/customer", "a\nb"},
      {"/binding", json::object()},
      {"/binding", "LK"},
      {"/binding/key_id", "LK-00000"},
      {"/binding/key_id", "lk-q9w1d-fwf07-7ymga-183f5-0"},
      {"/binding/deployment", std::string(64, 'a')},
      {"/entries", json::array()},
      {"/entries", json(kMaxEntries + 1, good["entries"][0])},
      {"/entries/0/quantity", 0},
      {"/entries/0/quantity", 1'000'000'001},
      {"/entries/0/kind", "plus"},
      {"/entries/0/object", "k v m"},
      {"/entries/0/unit", ""},
      {"/entries/0/not_after", good["entries"][0]["not_before"]},
      {"/entries/0/not_before", "2030-01-01T00:00:00Z"},
      {"/entries/0/not_before", nullptr},
      {"/entries/0/terms", json::array()},
      {"/entries/0/terms", {{"a b", "x"}}},
      {"/entries/0/only-on-sundays", true},
      {"/only-in", "Aarhus"},
      {"/minimum_assurance", "blind-faith"},
      {"/supersedes", "L-0"},
      {"/supersedes", {"a b"}},
  };
  for (const auto& row : rows) {
    auto changed = good;
    changed[json::json_pointer(row.pointer)] = row.value;
    const auto text = changed.dump();
    const auto result = parse_license(as_bytes(text));
    ASSERT_FALSE(result) << row.pointer << " " << row.value.dump().substr(0, 80);
    EXPECT_EQ(result.error().code, "invalid-format");
  }
}

TEST(ParseLicense, EveryMemberButTermsAndSupersedesIsRequired) {
  const json good = json::parse(serialise(full()));
  const auto parses = [](const json& value) {
    const auto text = value.dump();
    return parse_license(as_bytes(text)).has_value();
  };
  for (const auto& member : good.items()) {
    auto changed = good;
    changed.erase(member.key());
    EXPECT_EQ(parses(changed), member.key() == "supersedes") << member.key();
  }
  for (const auto& member : good["entries"][1].items()) {
    auto changed = good;
    changed["entries"][1].erase(member.key());
    EXPECT_EQ(parses(changed), member.key() == "terms") << member.key();
  }
}

TEST(Summarise, NamesTheDistinctValidities) {
  auto document = full();
  document.entries.push_back(SampleVendor::entry("other"));
  document.entries[2].validity = SampleVendor::year(2025, 2026);
  const auto summary = summarise(document, "hash");
  EXPECT_EQ(summary,
            (LicenseSummary{"hash",
                            "L-1",
                            document.issued,
                            {SampleVendor::year(2025, 2026), SampleVendor::year(2026, 2027)}}));
}

}  // namespace
}  // namespace latchkey
