#include "agent/app/record_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/app/record_verdict.h"
#include "core/deployment/witness.h"

namespace latchkey {
namespace {

using std::chrono::hours;
using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Time kStart{hours(24 * 365 * 56)};  // 2025-12-18T00:00:00Z
using Ask = std::function<void(RecordQuery&)>;

const NodeNames kNames{{"a", "Anna"}};

/// What one node lived through, one hour after the other.
class RecordList : public testing::Test {
 protected:
  RecordList() {
    const LicenseSummary license{"doc", "L-1", kStart, {{kStart, kStart + 90 * kDay}}};
    node_.start(kStart, "1");
    node_.key_read(kStart + hours(1), "1-1", "fake", {{}, "LK-1", license, {}, ""});
    node_.key_gone(kStart + hours(2), "1-1");
    node_.import_refused(kStart + hours(3), {"expired", "it is over", "Mary", "file", "ee"});
    node_.trust_installed(kStart + hours(4), {7, "ff", "root"});
    node_.key_read(kStart + hours(5), "1-2", "fake", {KeyFault::busy, "", {}, {}, "by gpg"});
    std::string prev;
    std::vector<StoredFact> stored;
    for (const auto& fact : node_.facts()) {
      stored.push_back({fact, encode(fact, prev)});
      prev = stored.back().encoded.hash;
    }
    log_.add(std::move(stored), {});
  }

  Json page(const Ask& ask, Time now = kStart + hours(6)) const {
    RecordQuery query;
    ask(query);
    return page(query, now);
  }
  Json page(const RecordQuery& query, Time now = kStart + hours(6)) const {
    return records_page(log_, node_.changes(now), query, kNames);
  }
  static std::vector<std::string> kinds(const Json& page) {
    std::vector<std::string> kinds;
    for (const auto& record : page.at("records")) kinds.push_back(record.at("kind"));
    return kinds;
  }

  Witness node_{{"a", "chain"}};
  FactLog log_;
};

// SPEC REC-1, REC-2: the facts, and what follows from each, newest first
TEST_F(RecordList, ShowsWhatHappened) {
  const auto all = page(RecordQuery());
  EXPECT_THAT(kinds(all), ElementsAre("state-changed", "key-read", "trust-installed",
                                      "import-refused", "state-changed", "buffer-started",
                                      "key-gone", "state-changed", "key-read", "node-started"));
  EXPECT_EQ(all.at("next"), 0);
  const auto& refused = all.at("records")[3];
  EXPECT_EQ(refused.at("by"), "Mary");
  EXPECT_EQ(refused.at("from"), "file");
  EXPECT_EQ(refused.at("result"), "refused");
  EXPECT_EQ(refused.at("node_name"), "Anna");
  EXPECT_EQ(refused.at("derived"), false);
  EXPECT_THAT(refused.at("text").get<std::string>(), HasSubstr("expired: it is over"));
  const auto& buffer = all.at("records")[5];
  EXPECT_EQ(buffer.at("derived"), true);
  EXPECT_EQ(buffer.at("fact"), nullptr);
  EXPECT_EQ(buffer.at("position"), all.at("records")[6].at("position"));
  EXPECT_THAT(buffer.at("text").get<std::string>(), HasSubstr("bridges key LK-1 until"));
}

// SPEC REC-1: a buffer ends without any fact
TEST_F(RecordList, ABufferThatRanOutIsARecord) {
  const auto ended = page([](RecordQuery& q) { q.kind = "buffer-ended"; }, kStart + 40 * kDay);
  ASSERT_EQ(ended.at("records").size(), 1u);
  EXPECT_EQ(ended.at("records")[0].at("at"), format_time(kStart + hours(2) + 30 * kDay));
  EXPECT_EQ(ended.at("records")[0].at("result"), "warning");
}

// SPEC REC-2
TEST_F(RecordList, Filters) {
  const struct {
    Ask ask;
    std::vector<std::string> kinds;
  } rows[] = {
      {[](RecordQuery& q) { q.node = "b"; }, {}},
      {[](RecordQuery& q) { q.kind = "key-gone"; }, {"key-gone"}},
      {[](RecordQuery& q) {
         q.kind = "state-changed";
         q.limit = 1;
       },
       {"state-changed"}},
      {[](RecordQuery& q) { q.who = "Mary"; }, {"import-refused"}},
      {[](RecordQuery& q) { q.who = "mary"; }, {}},
      {[](RecordQuery& q) { q.result = "refused"; }, {"import-refused"}},
      {[](RecordQuery& q) { q.result = "failed"; }, {"key-read"}},
      {[](RecordQuery& q) { q.text = "port 1-1 WORKS"; }, {"key-read"}},
      {[](RecordQuery& q) { q.text = "is busy"; }, {}},
      {[](RecordQuery& q) { q.since = kStart + hours(4); },
       {"state-changed", "key-read", "trust-installed"}},
      {[](RecordQuery& q) { q.until = kStart + hours(1); }, {"node-started"}},
      {[](RecordQuery& q) {
         q.since = kStart + hours(3);
         q.until = kStart + hours(4);
       },
       {"import-refused"}},
      {[](RecordQuery& q) {
         q.kind = "key-read";
         q.result = "done";
       },
       {"key-read"}},
      {[](RecordQuery& q) { q.before = 2; }, {"node-started"}},
  };
  for (const auto& row : rows) EXPECT_EQ(kinds(page(row.ask)), row.kinds);
}

// SPEC REC-2: pages of any size, put together, are the whole
TEST_F(RecordList, PagesAddUp) {
  const auto all = page(RecordQuery()).at("records");
  for (std::size_t limit = 1; limit <= all.size(); ++limit) {
    Json gathered = Json::array();
    RecordQuery query;
    query.limit = limit;
    do {
      const auto part = page(query);
      for (const auto& record : part.at("records")) gathered.push_back(record);
      query.before = part.at("next");
    } while (query.before != 0);
    EXPECT_EQ(gathered, all) << limit;
  }
}

// SPEC REC-2: a search that finds nothing ends early, and goes on where it ended
TEST(RecordSearch, LooksAtSoManyFactsAtOnce) {
  FactLog log;
  std::string prev;
  std::vector<StoredFact> stored;
  for (std::uint64_t seq = 1; seq <= 25'000; ++seq) {
    const Fact fact{kStart, "chain", seq, "a", NodeStopped{}};
    stored.push_back({fact, encode(fact, prev)});
  }
  log.add(std::move(stored), {});
  RecordQuery query;
  query.text = "nothing like it";
  int pages = 0;
  do {
    const auto part = records_page(log, {}, query, kNames);
    EXPECT_TRUE(part.at("records").empty());
    query.before = part.at("next");
    ++pages;
  } while (query.before != 0);
  EXPECT_EQ(pages, 3);
}

// SPEC REC-2: which chain is broken, where, and whose it is
TEST(RecordVerdict, NamesEveryBrokenChain) {
  const auto good = verdict_on({{{"c1", "a", 3, ""}, {"c2", "b", 2, ""}}, {}}, kNames);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->at("facts"), 5);
  EXPECT_EQ(good->at("chains")[0].at("node_name"), "Anna");
  const auto bad = verdict_on(
      {{{"c1", "a", 3, "it was changed"}, {"c2", "b", 2, ""}, {"c3", "", 0, "x"}}, {"dd"}}, kNames);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "chain-broken");
  EXPECT_THAT(bad.error().message,
              HasSubstr("Chain c1, which Anna writes, breaks at fact 4: it was changed."));
  EXPECT_THAT(bad.error().message, HasSubstr("Chain c3, which an unknown node writes"));
  EXPECT_THAT(bad.error().message, HasSubstr("Document dd was changed."));
  EXPECT_EQ(bad.error().message.find("c2"), std::string::npos);
}

// The records may be sound when the journal of leases is not, which is no reason to give them up.
TEST(RecordVerdict, TellsTheJournalOfLeasesApart) {
  StoreReport report{{{"c1", "a", 3, ""}}, {}, {9, 0, {}}};
  EXPECT_EQ(verdict_on(report, kNames).value().at("lease_rows"), 9);
  report.leases = {9, 5, {"row 2 was damaged", "row 4 is not there"}};
  const auto bad = verdict_on(report, kNames).error();
  EXPECT_EQ(bad.code, "leases-damaged");
  EXPECT_THAT(bad.message, HasSubstr(" row 2 was damaged, row 4 is not there. And 3 more."));
  EXPECT_FALSE(bad.cure.empty());
  report.changed_documents = {"dd"};
  EXPECT_EQ(verdict_on(report, kNames).error().code, "chain-broken");
  EXPECT_THAT(verdict_on(report, kNames).error().message, HasSubstr("row 4"));
}

}  // namespace
}  // namespace latchkey
