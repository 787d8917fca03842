#include "agent/app/lease_journal.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>

#include "tests/support/fake_store.h"
#include "tests/support/manual_reactor.h"
#include "tests/support/pools.h"
#include "tests/support/temp_dir.h"

namespace latchkey {
namespace {

using test::kKvm;

class LeaseJournalTest : public testing::Test {
 protected:
  LeaseJournalTest() {
    Capacity capacity;
    capacity.pools[kKvm].total = 1'000'000'000;
    loaded_.ledger->set_limits(capacity);
  }

  void put(const std::string& consumer, std::uint64_t quantity) {
    const std::vector<UsageItem> usage{{kKvm, quantity}};
    ASSERT_TRUE(ledger().put({consumer, "root", false, usage, 60, 0}, 1000,
                             [](const std::string&) { return std::nullopt; }));
    net::Response response;
    response.body = consumer;
    journal_.answer_when_durable(
        [this](const net::Response& answer) {
          answers_.push_back(answer.status == 200 ? answer.body : std::to_string(answer.status));
        },
        response);
  }
  std::vector<std::string> answers() { return std::exchange(answers_, {}); }
  LeaseLedger& ledger() { return *loaded_.ledger; }

  using Answers = std::vector<std::string>;
  test::ManualReactor reactor_;
  test::FakeStore store_;
  LoadedLeases loaded_{std::make_unique<LeaseLedger>(), 1, 1, 0, {}};
  int failures_ = 0;
  LeaseJournal journal_{reactor_, store_, *loaded_.ledger, loaded_, [this] { ++failures_; }};
  Answers answers_;
};

// SPEC POOL-4: durable before it is acknowledged; what comes meanwhile shares the next commit.
TEST_F(LeaseJournalTest, AnswersWhenDurable) {
  put("a", 1);
  put("b", 1);
  reactor_.run_posted();
  ASSERT_EQ(store_.lease_rows.size(), 1u) << "one row for a turn of the reactor";
  put("c", 1);
  put("a", 1);  // says the same: waits with the others all the same
  reactor_.run_posted();
  EXPECT_EQ(store_.lease_rows.size(), 1u) << "one commit at a time";
  EXPECT_EQ(answers(), Answers());
  store_.answer_leases();
  EXPECT_EQ(answers(), (Answers{"a", "b"}));
  EXPECT_EQ(store_.lease_rows.size(), 2u) << "the next one is on its way at once";
  put("b", 1);
  EXPECT_EQ(answers(), Answers()) << "what is durable already waits for what is on its way";
  store_.answer_leases();
  EXPECT_EQ(answers(), (Answers{"c", "a", "b"}));
  put("b", 1);
  EXPECT_EQ(answers(), Answers{"b"}) << "nothing is on its way";
  EXPECT_EQ(store_.lease_rows[1].position, 2u);
}

// SPEC POOL-4: no false acknowledgement, no leak, and recovery without a person.
TEST_F(LeaseJournalTest, UndoesAndTellsWhenTheDiskRefuses) {
  put("a", 1);
  reactor_.run_posted();
  store_.answer_leases();
  answers();
  put("a", 5);
  reactor_.run_posted();
  put("b", 7);
  store_.answer_leases(fail("store-failed", "disk full", "make room"));
  EXPECT_EQ(answers(), (Answers{"503", "503"}));
  EXPECT_EQ(ledger().accounts().usage(), (Usage{{kKvm, 1}}));
  ASSERT_NE(journal_.failure(), nullptr);
  EXPECT_EQ(journal_.failure()->message, "disk full");
  reactor_.advance(std::chrono::seconds(1));
  ASSERT_EQ(store_.lease_answers.size(), 1u) << "it is tried though nobody asks";
  store_.answer_leases();
  EXPECT_EQ(journal_.failure(), nullptr);
  EXPECT_EQ(failures_, 2) << "that it fails, and that it does not any more";
  put("b", 7);
  reactor_.run_posted();
  store_.answer_leases();
  EXPECT_EQ(answers(), Answers{"b"});
}

// The journal stays within a few times the leases, and says all of them at any time.
TEST_F(LeaseJournalTest, IsCut) {
  constexpr int kConsumers = 300;
  std::size_t longest = 0;
  std::uint64_t dropped = 0;
  for (int i = 0; i < 120'000; ++i) {
    put("consumer-" + std::to_string(i % kConsumers), static_cast<std::uint64_t>(i) + 1);
    if (i % 100 != 99) continue;
    reactor_.run_posted();
    dropped = std::max(dropped, store_.lease_rows.back().drop_before);
    store_.answer_leases();
    std::erase_if(store_.lease_rows, [&](const LeaseRow& row) { return row.position < dropped; });
    std::size_t bytes = 0;
    for (const auto& row : store_.lease_rows) bytes += row.changes.size();
    longest = std::max(longest, bytes);
  }
  EXPECT_GT(dropped, 0u);
  EXPECT_LT(longest, 3u << 20);
  LeaseLedger again;
  for (const auto& row : store_.lease_rows) ASSERT_TRUE(again.load(row.changes));
  EXPECT_EQ(again.size(), ledger().size());
  EXPECT_EQ(again.accounts().usage(), ledger().accounts().usage());
}

// Rows that turned out to be damaged go as soon as every lease has been said again.
TEST_F(LeaseJournalTest, DropsDamagedRows) {
  const auto commit = [&](const std::string& consumer, std::uint64_t quantity) {
    put(consumer, quantity);
    reactor_.run_posted();
    store_.answer_leases();
  };
  for (int i = 0; i < 40; ++i) commit("c" + std::to_string(i), 1);
  EXPECT_EQ(store_.lease_rows.back().drop_before, 0u) << "it is short";
  journal_.say_anew();
  for (std::uint64_t i = 2; i < 9; ++i) commit("c0", i);
  const auto by_drop = [](const LeaseRow& row) { return row.drop_before; };
  const auto dropped = std::ranges::max(store_.lease_rows, {}, by_drop).drop_before;
  EXPECT_EQ(dropped, 41u) << "all that was written before it was asked for";
  LeaseLedger again;
  for (const auto& row : store_.lease_rows) {
    if (row.position < dropped) continue;
    EXPECT_TRUE(again.load(row.changes));
  }
  EXPECT_EQ(again.accounts().usage(), ledger().accounts().usage());
  for (std::uint64_t i = 9; i < 20; ++i) commit("c0", i);
  EXPECT_EQ(store_.lease_rows.back().drop_before, 0u) << "once";
}

class LeaseRowsTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return dir_.path() / "latchkey.db"; }

  /// Three rows: a, then b, then a without usage.
  void write() {
    auto database = Database::open(file(), std::string(32, 'a'));
    ASSERT_TRUE(database);
    LeaseLedger ledger;
    Capacity capacity;
    capacity.pools[kKvm].total = 10;
    ledger.set_limits(capacity);
    const std::vector<UsageItem> four{{kKvm, 4}}, none;
    const std::pair<const char*, const std::vector<UsageItem>*> changes[] = {
        {"a", &four}, {"b", &four}, {"a", &none}};
    std::uint64_t position = 0;
    for (const auto& [consumer, usage] : changes) {
      ASSERT_TRUE(ledger.put({consumer, "root", false, *usage, 60, 0}, 1000,
                             [](const std::string&) { return std::nullopt; }));
      Write row;
      row.leases = LeaseRow{++position, ledger.seal(), 0};
      const Write* one = &row;
      ASSERT_TRUE((*database)->write({&one, 1}));
      ledger.commit();
    }
  }
  void tamper(const std::string& statement) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }

  test::TempDir dir_;
};

// A damaged row is reported, at the start and by `record verify`, and left out; the others count
// (docs/store.md).
TEST_F(LeaseRowsTest, AreCheckedAtTheStart) {
  const struct {
    const char* statement;
    const char* damage;
    std::size_t consumers;
    std::uint64_t used;
  } rows[] = {
      {"SELECT 1", "", 2, 4},
      {"UPDATE leases SET changes = x'01' WHERE position = 2",
       "row 2 of the lease journal was damaged", 1, 0},
      {"UPDATE leases SET checksum = checksum + 1 WHERE position = 3",
       "row 3 of the lease journal was damaged", 2, 8},
      {"UPDATE leases SET position = 9 WHERE position = 3",
       "row 3 of the lease journal is not there", 2, 8},
      {"DELETE FROM leases WHERE position = 2", "row 2 of the lease journal is not there", 1, 0},
      {"UPDATE leases SET changes = substr(changes, 1, 9) WHERE position = 2",
       "row 2 of the lease journal was damaged", 1, 0},
      {"UPDATE leases SET changes = zeroblob(0) WHERE position = 2",
       "row 2 of the lease journal was damaged", 1, 0},
      {"DELETE FROM leases", "", 0, 0},
  };
  for (const auto& row : rows) {
    std::filesystem::remove(file());
    write();
    tamper(row.statement);
    auto database = Database::open(file(), std::string(32, 'b'));
    ASSERT_TRUE(database) << row.statement;
    const auto loaded = load_leases(**database, system_random);
    ASSERT_TRUE(loaded) << row.statement;
    EXPECT_EQ(loaded->damage, row.damage);
    EXPECT_EQ(loaded->ledger->size(), row.consumers) << row.statement;
    const auto usage = loaded->ledger->accounts().usage();
    EXPECT_EQ(usage.empty() ? 0 : usage.at(kKvm), row.used) << row.statement;
    const auto report = (*database)->verify();
    ASSERT_TRUE(report) << row.statement;
    const auto& told = report->leases.told;
    EXPECT_EQ(told.empty() ? "" : told.front(), row.damage);
    EXPECT_EQ(report->leases.faults, told.size());
  }
}

}  // namespace
}  // namespace latchkey
