#include <gtest/gtest.h>

#include "core/license/import_check.h"
#include "tests/support/sample_vendor.h"

// File licenses, several documents, base and modules. What keys alone decide stands in
// import_check_test.cpp.
namespace latchkey {
namespace {

using test::at;
using test::SampleVendor;
using Ids = std::vector<std::string>;

const std::string kKey = key_id(as_bytes("key"));
const Time kNow = at("2026-06-01T00:00:00Z");
constexpr Duration kSecond = std::chrono::seconds(1);

LicenseEntry base(ValidityWindow validity = SampleVendor::year(2026, 2027)) {
  return {"kvm", "cpu-socket", 10, EntryKind::base, validity, {}};
}
LicenseEntry module() {
  return {"vmware", "cpu-core", 1, EntryKind::module, SampleVendor::year(2026, 2027), {}};
}

/// A file license issued on that day of 2026 for the deployment `fits` or any other.
LicenseDocument file(const std::string& id, std::vector<LicenseEntry> entries = {base()},
                     int day = 1) {
  auto out = SampleVendor::license(kKey);
  out.id = id;
  out.issued = at("2026-01-01T00:00:00Z") + day * kDay;
  out.binding = DeploymentBinding{"fits", {}, 1};
  out.entries = std::move(entries);
  return out;
}
LicenseDocument replacing(Ids ids, LicenseDocument document) {
  document.supersedes = std::move(ids);
  return document;
}
LicenseDocument elsewhere(LicenseDocument document) {
  document.binding = DeploymentBinding{"elsewhere", {}, 1};
  return document;
}
LicenseDocument on_key(const std::string& id, std::vector<LicenseEntry> entries, int day = 1) {
  auto out = file(id, std::move(entries), day);
  out.binding = KeyBinding{kKey};
  return out;
}

ImportSituation nothing_here() {
  const auto misfit = [](const DeploymentBinding& binding) {
    return binding.deployment == "fits" ? "" : "node alfa: dmi-uuid changed";
  };
  return {default_catalog(), {}, {}, {}, {}, misfit, kNow};
}
ImportSituation installed(std::vector<InstalledFile> files, std::set<std::string> bases = {}) {
  auto out = nothing_here();
  out.files = std::move(files);
  out.base_files = std::move(bases);
  return out;
}
ImportSituation key_inserted(bool with_base) {
  auto out = nothing_here();
  out.keys = {{kKey, {}, {}}};
  if (with_base) out.base_keys = {kKey};
  return out;
}

/// The codes of a package's documents, in its order; empty: accepted.
Ids codes(const std::vector<LicenseDocument>& package, ImportSituation situation) {
  std::vector<VerifiedLicense> licenses;
  for (const auto& document : package) licenses.push_back({document, "hash of " + document.id});
  std::vector<const VerifiedLicense*> pointers;
  for (const auto& license : licenses) pointers.push_back(&license);
  Ids out;
  for (const auto& outcome : check_imports(pointers, std::move(situation))) {
    out.push_back(outcome ? "" : outcome.error().code);
    EXPECT_TRUE(outcome || !outcome.error().cure.empty()) << out.back();
  }
  return out;
}

// SPEC LIC-4, LIC-5: no key is needed, and every cause speaks in its turn
TEST(ImportFiles, EachCauseOfRefusal) {
  const Time issued = at("2026-01-06T00:00:00Z");  // file(…, 5)
  const auto over = base({at("2026-01-01T00:00:00Z"), kNow});
  const auto soon = base({kNow + kSecond, at("2027-01-01T00:00:00Z")});
  auto strange = base();
  strange.object = "teapot";
  auto attested = file("F");
  attested.minimum_assurance = KeyAssurance::attested;
  const struct {
    const char* what;
    LicenseDocument document;
    ImportSituation situation;
    const char* code;
  } rows[] = {
      {"accepted without a key", file("F"), nothing_here(), ""},
      {"another deployment", elsewhere(file("F")), nothing_here(), "wrong-environment"},
      {"which speaks before all else", elsewhere(file("F", {over})), installed({{"F", kNow, {}}}),
       "wrong-environment"},
      {"asks for an attested key", attested, nothing_here(), "wrong-environment"},
      {"over", file("F", {over}), installed({{"F", kNow, {}}}), "expired"},
      {"a second early", file("F", {soon}), nothing_here(), "not-yet-valid"},
      {"unknown", file("F", {strange}), installed({{"F", kNow, {}}}), "unknown-object"},
      {"installed, in whatever spelling", file("F"), installed({{"F", kNow, {}}}),
       "already-imported"},
      {"others change nothing", file("F"), installed({{"E", kNow, {}}}), ""},
      {"replaces an older one", replacing({"E"}, file("F", {base()}, 5)),
       installed({{"E", issued - kSecond, {}}}), ""},
      {"replaces one issued with it", replacing({"E"}, file("F", {base()}, 5)),
       installed({{"E", issued, {}}}), ""},
      {"replaces one issued a second later", replacing({"E"}, file("F", {base()}, 5)),
       installed({{"E", issued + kSecond, {}}}), "older-than-current"},
      {"replaces what is not here", replacing({"X"}, file("F")), installed({{"E", kNow, {}}}), ""},
      {"was replaced", file("F", {base()}, 5), installed({{"E", issued + kDay, {"F"}}}),
       "older-than-current"},
      {"a module alone", file("F", {module()}), nothing_here(), "base-missing"},
      {"an installed module that lost its base", file("F", {module()}),
       installed({{"F", kNow, {}}}), "already-imported"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(codes({row.document}, row.situation), Ids{row.code}) << row.what;
}

// SPEC LIC-5: wrong-environment names the factor that moved, older-than-current what is in the way
TEST(ImportFiles, TheMessageNamesWhatMatters) {
  const auto message = [](const LicenseDocument& document, ImportSituation situation) {
    return ImportCheck(std::move(situation)).judge({document, ""}).error().message;
  };
  EXPECT_NE(message(elsewhere(file("F")), nothing_here()).find("node alfa: dmi-uuid changed"),
            std::string::npos);
  EXPECT_NE(message(file("F"), installed({{"NEW", kNow, {"F"}}})).find("NEW"), std::string::npos);
}

// SPEC LIC-1, LIC-5 base-missing: what is a base for a module, to the second
TEST(ImportFiles, AModuleNeedsABaseThatIsValidNow) {
  const auto window = [](Time from, Time to) { return base({from, to}); };
  const Time early = kNow - kDay, late = kNow + kDay;
  const struct {
    const char* what;
    std::vector<LicenseDocument> package;
    ImportSituation situation;
    Ids codes;
  } rows[] = {
      {"nothing", {file("M", {module()})}, nothing_here(), {"base-missing"}},
      {"a key's", {file("M", {module()})}, key_inserted(true), {""}},
      {"a key without one", {file("M", {module()})}, key_inserted(false), {"base-missing"}},
      {"a file's", {file("M", {module()})}, installed({{"B", kNow, {}}}, {"B"}), {""}},
      {"a file's without one",
       {file("M", {module()})},
       installed({{"B", kNow, {}}}),
       {"base-missing"}},
      {"its own", {file("M", {module(), base()})}, nothing_here(), {""}},
      {"its own, over by now",
       {file("M", {module(), window(early, kNow)})},
       nothing_here(),
       {"base-missing"}},
      {"its own, in its last second",
       {file("M", {module(), window(early, kNow + kSecond)})},
       nothing_here(),
       {""}},
      {"its own, in its first second",
       {file("M", {module(), window(kNow, late)})},
       nothing_here(),
       {""}},
      {"its own, a second early",
       {file("M", {module(), window(kNow + kSecond, late)})},
       nothing_here(),
       {"base-missing"}},
      {"before it in the package", {file("B"), file("M", {module()})}, nothing_here(), {"", ""}},
      {"behind it in the package", {file("M", {module()}), file("B")}, nothing_here(), {"", ""}},
      {"behind it, for the key",
       {file("M", {module()}), on_key("B", {base()})},
       key_inserted(false),
       {"", ""}},
      {"behind it, but refused",
       {file("M", {module()}), elsewhere(file("B"))},
       nothing_here(),
       {"base-missing", "wrong-environment"}},
      {"behind it, over by now",
       {file("M", {module()}), file("B", {window(early, kNow)})},
       nothing_here(),
       {"base-missing", "expired"}},
      {"behind it, not begun, but installable",
       {file("M", {module()}), file("B", {window(kNow + kSecond, late), window(early, kNow)})},
       nothing_here(),
       {"base-missing", ""}},
      {"the one that it replaces",
       {replacing({"B", "B"}, file("M", {module()}))},
       installed({{"B", at("2026-01-01T00:00:00Z"), {}}}, {"B"}),
       {"base-missing"}},
      {"another than it replaces",
       {replacing({"B"}, file("M", {module()}))},
       installed({{"B", at("2026-01-01T00:00:00Z"), {}}, {"C", kNow, {}}}, {"B", "C"}),
       {""}},
      {"the key's own, which it replaces whole",
       {on_key("M", {module()})},
       key_inserted(true),
       {"base-missing"}},
      {"a module for the key, with a file's base",
       {on_key("M", {module()}), file("B")},
       key_inserted(true),
       {"", ""}},
      {"replaced within the package",
       {file("B"), replacing({"B"}, file("R", {module()}, 2)), file("M", {module()})},
       nothing_here(),
       {"", "base-missing", ""}},
  };
  for (const auto& row : rows) EXPECT_EQ(codes(row.package, row.situation), row.codes) << row.what;
}

// SPEC LIC-6: a package is judged as if its documents came one by one
TEST(ImportFiles, WhatAPackageHoldsTwice) {
  EXPECT_EQ(codes({file("F"), file("F")}, nothing_here()), (Ids{"", "already-imported"}));
  EXPECT_EQ(codes({file("A"), replacing({"A"}, file("B", {base()}, 2)), file("A")}, nothing_here()),
            (Ids{"", "", "already-imported"}));
  EXPECT_EQ(codes({replacing({"A"}, file("B", {base()}, 2)), file("A")}, nothing_here()),
            (Ids{"", "older-than-current"}));
  EXPECT_EQ(codes({on_key("N", {base()}, 5), on_key("O", {base()}, 4), on_key("N", {base()}, 5)},
                  key_inserted(false)),
            (Ids{"", "older-than-current", "already-imported"}));
}

}  // namespace
}  // namespace latchkey
