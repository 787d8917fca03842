#include "core/license/import_check.h"

#include <gtest/gtest.h>

#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using test::at;
using test::SampleVendor;

const std::string kKey = key_id(as_bytes("key"));
const std::string kOther = key_id(as_bytes("other"));
constexpr std::string_view kNow = "2026-06-01T00:00:00Z";

LicenseEntry entry(std::string_view from, std::string_view to) {
  auto out = SampleVendor::entry();
  out.validity = {at(from), at(to)};
  return out;
}

LicenseDocument valid() { return SampleVendor::license(kKey); }  // 2026, issued 2025-12-01

LicenseDocument with(std::vector<LicenseEntry> entries) {
  auto out = valid();
  out.entries = std::move(entries);
  return out;
}

LicenseEntry running(std::string object, std::string unit, EntryKind kind) {
  return {std::move(object), std::move(unit), 1, kind, SampleVendor::year(2026, 2027), {}};
}

LicenseDocument issued(std::string_view when) {
  auto out = valid();
  out.issued = at(when);
  return out;
}

LicenseDocument attested() {
  auto out = valid();
  out.minimum_assurance = KeyAssurance::attested;
  return out;
}

class ImportCheckTest : public ::testing::Test {
 protected:
  Result<void> check(const LicenseDocument& document, std::vector<InsertedKey> keys,
                     std::string_view now = kNow) const {
    ImportSituation situation{default_catalog(), std::move(keys), {}, {}, {}, {}, at(now)};
    situation.base_files = {"L-base"};
    return ImportCheck(std::move(situation)).judge({document, "hash of " + document.id});
  }
  std::string code(const LicenseDocument& document, std::vector<InsertedKey> keys,
                   std::string_view now = kNow) const {
    const auto outcome = check(document, std::move(keys), now);
    if (outcome) return "";
    EXPECT_FALSE(outcome.error().message.empty());
    EXPECT_FALSE(outcome.error().cure.empty()) << outcome.error().code;
    return outcome.error().code;
  }
  static InsertedKey carrying(const std::string& key, const LicenseDocument& document) {
    return {key, summarise(document, "carried"), {"carried"}};
  }

  const InsertedKey bare_{kKey, {}, {}};
  const InsertedKey other_{kOther, {}, {}};
};

// SPEC LIC-4, LIC-5: each cause at its boundary second
TEST_F(ImportCheckTest, EachCauseOfRefusal) {
  const auto holds = [](std::string_view when) { return carrying(kKey, issued(when)); };
  const auto soon = entry("2026-06-01T00:00:01Z", "2027-01-01T00:00:00Z");
  const auto just_begun = entry("2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z");
  const auto over = entry("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z");
  const auto last_second = entry("2026-01-01T00:00:00Z", "2026-06-01T00:00:01Z");
  const struct {
    const char* what;
    LicenseDocument document;
    std::vector<InsertedKey> keys;
    const char* code;
  } rows[] = {
      {"accepted", valid(), {bare_}, ""},
      {"accepted on another node's key", valid(), {other_, bare_}, ""},
      {"attested", attested(), {bare_}, "wrong-environment"},
      {"no key", valid(), {}, "key-not-inserted"},
      {"another key", valid(), {other_}, "wrong-key-id"},
      {"in its last second", with({last_second}), {bare_}, ""},
      {"over", with({over}), {bare_}, "expired"},
      {"all over", with({over, over}), {bare_}, "expired"},
      {"one still runs", with({over, last_second}), {bare_}, ""},
      {"in its first second", with({just_begun}), {bare_}, ""},
      {"a second early", with({soon}), {bare_}, "not-yet-valid"},
      {"one has begun", with({soon, just_begun}), {bare_}, ""},
      {"one over, one to come", with({over, soon}), {bare_}, ""},
      {"a module and a service",
       with({running("vmware", "cpu-core", EntryKind::module),
             running("after-sales-7x24", "deployment", EntryKind::module)}),
       {bare_},
       ""},
      {"an object that nobody knows",
       with({running("teapot", "cpu-socket", EntryKind::base)}),
       {bare_},
       "unknown-object"},
      {"one among others",
       with({entry("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
             running("Kvm", "cpu-socket", EntryKind::base)}),
       {bare_},
       "unknown-object"},
      {"a unit that nobody knows",
       with({running("kvm", "furlong", EntryKind::base)}),
       {bare_},
       "unknown-object"},
      {"a unit of another object",
       with({running("kvm", "vm", EntryKind::base)}),
       {bare_},
       "unknown-object"},
      {"a module as a base",
       with({running("vmware", "cpu-core", EntryKind::base)}),
       {bare_},
       "unknown-object"},
      {"a base as a module",
       with({running("kvm", "host", EntryKind::module)}),
       {bare_},
       "unknown-object"},
      {"issued with the current one",
       issued("2026-03-01T00:00:00Z"),
       {holds("2026-03-01T00:00:00Z")},
       ""},
      {"issued a second later",
       issued("2026-03-01T00:00:01Z"),
       {holds("2026-03-01T00:00:00Z")},
       ""},
      {"issued a second earlier",
       issued("2026-03-01T00:00:00Z"),
       {holds("2026-03-01T00:00:01Z")},
       "older-than-current"},
  };
  for (const auto& row : rows) EXPECT_EQ(code(row.document, row.keys), row.code) << row.what;
}

// SPEC LIC-5: the first cause in the order of the rule speaks
TEST_F(ImportCheckTest, OrderOfTheCauses) {
  auto old = with({entry("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z")});
  const auto newer = carrying(kKey, issued("2026-03-01T00:00:00Z"));
  EXPECT_EQ(code(old, {}), "key-not-inserted");
  EXPECT_EQ(code(old, {other_}), "wrong-key-id");
  EXPECT_EQ(code(old, {newer}), "expired");
  EXPECT_EQ(code(valid(), {newer}, "2025-12-31T23:59:59Z"), "not-yet-valid");
  EXPECT_EQ(code(valid(), {newer}, "2026-01-01T00:00:00Z"), "older-than-current");
  auto strange = with({running("teapot", "cup", EntryKind::base)});
  EXPECT_EQ(code(strange, {newer}), "unknown-object");
  EXPECT_EQ(code(strange, {newer}, "2025-12-31T23:59:59Z"), "not-yet-valid");
  EXPECT_EQ(code(strange, {newer}, "2027-01-01T00:00:00Z"), "expired");
  EXPECT_EQ(code(strange, {other_}), "wrong-key-id");
  auto again = newer;
  again.imported.insert("hash of L-1");
  EXPECT_EQ(code(valid(), {again}), "already-imported");
}

// SPEC LIC-5: what people need to know stands in the message
TEST_F(ImportCheckTest, TheMessageNamesWhatMatters) {
  const auto message = [&](const LicenseDocument& document, std::vector<InsertedKey> keys) {
    return check(document, std::move(keys)).error().message;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(message(valid(), {other_}), kOther)) << "the inserted one";
  EXPECT_TRUE(has(message(valid(), {other_}), kKey)) << "the wanted one";
  EXPECT_TRUE(has(message(valid(), {}), kKey));
  EXPECT_TRUE(has(message(with({entry("2026-07-01T00:00:00Z", "2027-01-01T00:00:00Z"),
                                entry("2026-06-15T00:00:00Z", "2027-01-01T00:00:00Z")}),
                          {bare_}),
                  "2026-06-15T00:00:00Z"))
      << "from when";
  EXPECT_TRUE(has(message(with({entry("2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z")}), {bare_}),
                  "2026-05-01T00:00:00Z"))
      << "since when";
  std::vector<LicenseEntry> strange{running("kvm", "furlong", EntryKind::base),
                                    running("gpu", "gpu", EntryKind::base)};
  for (char c = 'a'; c < 'g'; ++c)
    for (int twice = 0; twice < 2; ++twice)
      strange.push_back(running(std::string("teapot-") + c, "cup", EntryKind::base));
  EXPECT_TRUE(has(message(with(strange), {bare_}),
                  ": `kvm` by `furlong`, `gpu` as base, `teapot-a`, `teapot-b`, `teapot-c` and 3 "
                  "more."))
      << message(with(strange), {bare_});
}

}  // namespace
}  // namespace latchkey
