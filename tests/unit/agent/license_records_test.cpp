#include "agent/app/license_records.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/facts.h"
#include "tests/support/sample_vendor.h"

namespace latchkey {
namespace {

using test::at;
using test::SampleVendor;
using Json = nlohmann::json;

/// Uploads and readings of licenses that stand for documents by their id.
class LicenseRecords : public testing::Test {
 protected:
  LicenseRecords() {
    add("L-key", "kvm", KeyBinding{"LK-1"});
    add("L-base", "kvm", files());
    add("L-module", "disaster-recovery", files());
    fact(NodeFactors{kHere, machine('1'), {}});
    fact(KeyRead{"1-1", "fake", {{}, "LK-1", summary("L-key"), {}, ""}});
    fact(imported("L-base", "mary", "b1"));
    fact(imported("L-module", "=tom", "b2"));
    // The key is read again: that is no arrival.
    fact(KeyRead{"1-1", "fake", {{}, "LK-1", summary("L-key"), {}, ""}});
  }

  static Factors machine(char hash) { return {{"dmi-uuid", std::string(64, hash)}}; }
  static DeploymentBinding files() { return {kHere, {{"a", machine('1')}}, 1}; }
  void add(const std::string& id, const std::string& object, Binding binding) {
    auto document = SampleVendor::license("");
    document.binding = std::move(binding);
    document.id = id;
    document.entries = {SampleVendor::entry(object), SampleVendor::entry(object)};
    document.entries[1].validity = SampleVendor::year(2030, 2031);
    if (object != "kvm")
      for (auto& entry : document.entries) entry.kind = EntryKind::module;
    documents_.emplace(id, std::move(document));
  }
  LicenseSummary summary(const std::string& id) const { return summarise(documents_.at(id), id); }
  FactBody imported(const std::string& id, const std::string& by, const std::string& batch) const {
    return LicenseImported{"", summary(id), by, "file", batch};
  }
  void fact(const FactBody& body) {
    const auto encoded = chain_.add(now_, body);
    log_.add({{decode_fact(encoded.text)->fact, encoded}}, {});
  }
  Json page(const std::function<void(RecordQuery&)>& ask = [](RecordQuery&) {}) const {
    RecordQuery query;
    ask(query);
    return license_records_page(license_ledger(log_), view(), query);
  }
  /// What the facts come to now.
  LicenseView view() const {
    std::vector<Fact> facts;
    for (const auto& entry : log_.entries()) facts.push_back(entry.stored.fact);
    LicenseView view{fold(facts, {"a"}, now_), default_catalog(), {kHere, {{"a", "Anna"}}}, {}};
    for (const auto& [id, document] : documents_)
      view.documents.emplace(id,
                             std::make_shared<const StoredLicense>(StoredLicense{id, document}));
    return view;
  }
  static std::vector<std::string> lines(const Json& page) {
    std::vector<std::string> lines;
    for (const auto& row : page.at("records"))
      lines.push_back(row.at("license").get<std::string>() + " " +
                      row.at("status").get<std::string>());
    return lines;
  }

  static inline const DeploymentId kHere{std::string(64, 'd')};
  Time now_ = at("2026-06-01T00:00:00Z");
  std::map<std::string, LicenseDocument> documents_;
  test::ChainWriter chain_{"chain", "a"};
  FactLog log_;
};

using Lines = std::vector<std::string>;

// SPEC REC-1: upload time, batch, type, object, unit, quantity, method, status, issued, start,
// expiry, user
TEST_F(LicenseRecords, OneRowForEachEntry) {
  const auto all = page();
  EXPECT_EQ(lines(all), (Lines{"L-module valid", "L-module not-yet-valid", "L-base valid",
                               "L-base not-yet-valid", "L-key valid", "L-key not-yet-valid"}));
  const auto& row = all.at("records")[0];
  const Json expected{{"at", "2026-06-01T00:00:00Z"},
                      {"batch", "b2"},
                      {"kind", "module"},
                      {"object", "disaster-recovery"},
                      {"unit", "cpu-socket"},
                      {"quantity", 10},
                      {"method", "file"},
                      {"issued", "2025-12-01T00:00:00Z"},
                      {"not_before", "2026-01-01T00:00:00Z"},
                      {"not_after", "2027-01-01T00:00:00Z"},
                      {"by", "=tom"},
                      {"bound_to", "deployment"},
                      {"node_name", "Anna"}};
  for (const auto& [name, value] : expected.items()) EXPECT_EQ(row.at(name), value) << name;
  EXPECT_EQ(all.at("records")[5].at("method"), "usb-key");
  EXPECT_EQ(all.at("records")[5].at("bound_to"), "LK-1");
}

// SPEC REC-1: what became of it since
TEST_F(LicenseRecords, SayWhatBecameOfALicense) {
  fact(LicenseDeleted{"L-module", "L-module", "mary"});
  fact(LicenseWithdrawn{"", "L-base", "L-base", "revoked"});
  EXPECT_EQ(lines(page()), (Lines{"L-module deleted", "L-module deleted", "L-base revoked",
                                  "L-base revoked", "L-key valid", "L-key not-yet-valid"}));
  fact(imported("L-module", "mary", "b3"));
  EXPECT_EQ(lines(page([](RecordQuery& q) { q.limit = 1; })),
            (Lines{"L-module valid", "L-module not-yet-valid"}));
}

// SPEC REC-1, LIC-9: what it is worth here and now, as everywhere else
TEST_F(LicenseRecords, HaveTheStatusOfTheEntitlements) {
  using Words = std::vector<std::string>;
  const auto words = [&](const std::string& id) {
    Words out;
    const auto all = page();
    for (const auto& row : all.at("records"))
      if (row.at("license") == id) out.push_back(row.at("status"));
    return out;
  };
  now_ = at("2026-12-25T00:00:00Z");
  EXPECT_EQ(words("L-base"), (Words{"expiring-soon", "not-yet-valid"}));
  documents_.at("L-module").supersedes = {"L-base"};
  documents_.at("L-module").issued += kDay;
  EXPECT_EQ(words("L-base"), (Words{"superseded", "superseded"}));
  fact(NodeFactors{kHere, machine('2'), {}});
  EXPECT_EQ(words("L-base"), (Words{"environment-mismatch", "environment-mismatch"}));
  // The key comes back with another license, and then it is another key.
  add("L-next", "kvm", KeyBinding{"LK-1"});
  fact(KeyRead{"1-1", "fake", {{}, "LK-1", summary("L-next"), {}, ""}});
  EXPECT_EQ(words("L-key"), (Words{"superseded", "superseded"}));
  EXPECT_EQ(words("L-next"), (Words{"expiring-soon", "not-yet-valid"}));
  fact(KeyGone{"1-1", false});
  add("L-blue", "kvm", KeyBinding{"LK-2"});
  fact(KeyRead{"1-1", "fake", {{}, "LK-2", summary("L-blue"), {}, ""}});
  EXPECT_EQ(words("L-key"), (Words{"key-absent", "key-absent"}));
}

// SPEC REC-2
TEST_F(LicenseRecords, AreFilteredAndPaged) {
  const struct {
    std::function<void(RecordQuery&)> ask;
    Lines lines;
  } rows[] = {
      {[](RecordQuery& q) { q.who = "mary"; }, {"L-base valid", "L-base not-yet-valid"}},
      {[](RecordQuery& q) { q.kind = "module"; }, {"L-module valid", "L-module not-yet-valid"}},
      {[](RecordQuery& q) { q.text = "l-KEY"; }, {"L-key valid", "L-key not-yet-valid"}},
      {[](RecordQuery& q) { q.node = "b"; }, {}},
      {[](RecordQuery& q) { q.since = at("2026-06-01T00:00:01Z"); }, {}},
      {[](RecordQuery& q) { q.until = at("2026-06-01T00:00:00Z"); }, {}},
      {[](RecordQuery& q) { q.result = "valid"; },
       {"L-module valid", "L-base valid", "L-key valid"}},
  };
  for (const auto& row : rows) EXPECT_EQ(lines(page(row.ask)), row.lines);

  Lines gathered;
  std::uint64_t before = 0;
  do {
    const auto part = page([&](RecordQuery& q) {
      q.before = before;
      q.limit = 2;
    });
    for (auto& line : lines(part)) gathered.push_back(line);
    before = part.at("next");
  } while (before != 0);
  EXPECT_EQ(gathered, lines(page()));
}

}  // namespace
}  // namespace latchkey
