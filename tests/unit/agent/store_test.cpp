#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "agent/store/sqlite_store.h"
#include "core/base/sha256.h"
#include "tests/support/facts.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/manual_reactor.h"
#include "tests/support/temp_dir.h"

namespace latchkey {
namespace {

using test::ChainWriter;
using testing::ElementsAre;

const std::string kChain(32, 'a');
const std::string kOther(32, 'b');

class StoreTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return dir_.path() / "latchkey.db"; }
  std::unique_ptr<Database> open(const std::string& chain = kChain) {
    auto database = Database::open(file(), chain);
    EXPECT_TRUE(database) << database.error().message;
    return database ? std::move(*database) : nullptr;
  }
  Result<void> write(Database& database, Batch batch) {
    const Write write{std::nullopt, std::move(batch)};
    const Write* one = &write;
    return database.write({&one, 1});
  }
  /// Changes the database behind the agent's back.
  void tamper(const char* statement) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, statement, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  test::TempDir dir_;
};

// SPEC BUF-10: the history survives a restart.
TEST_F(StoreTest, GivesBackWhatItTook) {
  ChainWriter own(kChain, "node-a"), foreign(kOther, "node-b");
  const Bytes envelope{1, 2, 3};
  const Document document{content_hash(envelope), envelope};
  {
    const auto database = open();
    ASSERT_TRUE(
        write(*database, {{own.add(kNoon, NodeStarted{"1"}), foreign.add(kNoon, NodeStarted{"2"}),
                           own.add(kNoon, NodeStopped{})},
                          {document}}));
    EXPECT_TRUE(write(*database, {{}, {document}})) << "the same document again";
  }
  const auto contents = open(kOther)->load();
  ASSERT_TRUE(contents) << contents.error().message;
  EXPECT_EQ(contents->chain, kChain) << "a known database keeps its chain";
  ASSERT_EQ(contents->facts.size(), 3u);
  EXPECT_EQ(contents->facts[1].fact.node, "node-b");
  EXPECT_EQ(contents->facts[2].fact.seq, 2u);
  EXPECT_EQ(contents->facts[2].encoded.hash, own.head());
  ASSERT_EQ(contents->documents.size(), 1u);
  EXPECT_EQ(contents->documents[0].envelope, envelope);
}

TEST_F(StoreTest, RefusesASecondAgent) {
  const auto first = open();
  const auto second = Database::open(file(), kChain);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "database-in-use");
}

TEST_F(StoreTest, RefusesWhatIsNoDatabase) {
  std::ofstream(file()) << std::string(5000, 'x');
  const auto database = Database::open(file(), kChain);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, "database-damaged");
  EXPECT_FALSE(database.error().cure.empty());
}

TEST_F(StoreTest, RefusesTheDatabaseOfANewerAgent) {
  open();
  tamper("UPDATE meta SET value = '2' WHERE name = 'schema'");
  EXPECT_EQ(Database::open(file(), kChain).error().code, "database-too-new");
}

// SPEC BUF-10, REC-2: tampering is detected and reported.
TEST_F(StoreTest, NoticesTampering) {
  const char* const cases[] = {
      "UPDATE facts SET text = replace(text, '\"1\"', '\"2\"') WHERE seq = 1",
      "UPDATE facts SET hash = substr(hash, 2) || 'z' WHERE seq = 2",
      "DELETE FROM facts WHERE seq = 2",
      "DELETE FROM facts WHERE seq = 1",
      "UPDATE facts SET text = 'x' WHERE seq = 3",
      "UPDATE documents SET envelope = x'00'",
  };
  for (const auto* statement : cases) {
    std::filesystem::remove(file());
    ChainWriter own(kChain, "node-a");
    ASSERT_TRUE(write(*open(), {{own.add(kNoon, NodeStarted{"1"}), own.add(kNoon, NodeStopped{}),
                                 own.add(kNoon, NodeStarted{"1"})},
                                {{content_hash(Bytes{7}), Bytes{7}}}}));
    ASSERT_TRUE(open()->load());
    tamper(statement);
    const auto contents = open()->load();
    ASSERT_FALSE(contents) << statement;
    EXPECT_EQ(contents.error().code, "database-damaged") << statement;
  }
}

// SPEC REC-2: of every chain, whichever node writes it, how far it holds; the rest is checked all
// the same.
TEST_F(StoreTest, SaysWhichChainIsBrokenWhere) {
  const auto fill = [&](Database& database) {
    ChainWriter own(kChain, "node-a"), foreign(std::string(32, 'f'), "node-b");
    return write(database,
                 {{own.add(kNoon, NodeStarted{"1"}), foreign.add(kNoon, NodeStarted{"1"}),
                   own.add(kNoon, NodeStopped{}), foreign.add(kNoon, NodeStopped{}),
                   own.add(kNoon, NodeStarted{"1"}), foreign.add(kNoon, NodeStarted{"2"})},
                  {{content_hash(Bytes{7}), Bytes{7}}}});
  };
  const struct {
    const char* statement;
    std::uint64_t own, foreign;  // facts that hold
    std::size_t documents;       // changed
  } rows[] = {
      {"SELECT 1", 3, 3, 0},
      {"UPDATE facts SET text = replace(text, 'stopped', 'stoppep') WHERE chain LIKE 'ff%'", 3, 1,
       0},
      {"UPDATE facts SET text = 'x' WHERE chain NOT LIKE 'ff%' AND seq = 3", 2, 3, 0},
      {"DELETE FROM facts WHERE seq = 2", 1, 1, 0},
      {"UPDATE facts SET chain = 'other' WHERE seq = 3 AND chain LIKE 'ff%'", 3, 2, 0},
      {"UPDATE documents SET envelope = x'00'", 3, 3, 1},
  };
  for (const auto& row : rows) {
    std::filesystem::remove(file());
    ASSERT_TRUE(fill(*open()));
    tamper(row.statement);
    const auto report = open()->verify();
    ASSERT_TRUE(report) << row.statement;
    EXPECT_EQ(report->changed_documents.size(), row.documents) << row.statement;
    bool broken = row.documents != 0;
    for (const auto& chain : report->chains) {
      const bool own = chain.chain == kChain;
      broken = broken || !chain.problem.empty();
      if (!own && chain.node != "node-b") continue;
      EXPECT_EQ(chain.facts, own ? row.own : row.foreign) << row.statement;
    }
    EXPECT_EQ(broken, row.statement != rows[0].statement) << row.statement;
  }
}

// SPEC LIC-7, REC-2: all of a batch or nothing.
TEST_F(StoreTest, AFailedWriteLeavesNothing) {
  const auto database = open();
  ChainWriter own(kChain, "node-a");
  const auto first = own.add(kNoon, NodeStarted{"1"});
  ASSERT_TRUE(write(*database, {{first}, {}}));
  const auto second = own.add(kNoon, NodeStopped{});
  auto changed = own.add(kNoon, NodeStarted{"1"});
  changed.text += ' ';
  EXPECT_EQ(write(*database, {{second, first}, {}}).error().code, "store-refused");
  EXPECT_EQ(write(*database, {{second, changed}, {}}).error().code, "store-refused");
  EXPECT_EQ(database->load()->facts.size(), 1u);
  EXPECT_TRUE(write(*database, {{second}, {}})) << "a refusal does not spoil the next write";
  EXPECT_TRUE(database->load());
}

// SPEC BUF-10: a restored database writes on in a new chain.
TEST_F(StoreTest, SwitchesTheChainInOneTransaction) {
  const auto database = open();
  ChainWriter own(kChain, "node-a"), fresh(kOther, "node-a");
  ASSERT_TRUE(write(*database, {{own.add(kNoon, NodeStarted{"1"}), own.add(kNoon, NodeStopped{}),
                                 own.add(kNoon, NodeStarted{"1"})},
                                {}}));
  const Write change{ChainSwitch{kChain, 1, kOther},
                     {{fresh.add(kNoon, HistoryWarning{"history-restored", ""})}, {}}};
  const Write* one = &change;
  ASSERT_TRUE(database->write({&one, 1}));
  const auto contents = database->load();
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->chain, kOther);
  ASSERT_EQ(contents->facts.size(), 2u);
  EXPECT_EQ(contents->facts[0].fact.seq, 1u);
  EXPECT_EQ(contents->facts[1].fact.chain, kOther);
}

TEST_F(StoreTest, AnswersOnTheReactorInOrderAfterDurability) {
  test::ManualReactor reactor;
  ChainWriter own(kChain, "node-a");
  std::vector<std::string> answers;
  const auto note = [&answers](std::string name) {
    return [&answers, name](const Result<void>& outcome) {
      answers.push_back(name + (outcome ? "" : ":" + outcome.error().code));
    };
  };
  {
    SqliteStore store(reactor, open());
    const auto first = own.add(kNoon, NodeStarted{"1"});
    store.append({{first}, {}}, note("first"));
    store.append({{first}, {}}, note("again"));
    store.append({{own.add(kNoon, NodeStopped{})}, {}}, note("second"));
    EXPECT_TRUE(answers.empty()) << "nothing is answered in the turn that asks";
    ASSERT_TRUE(reactor.run_until([&] { return answers.size() == 3; }));
    EXPECT_EQ(store.commits().refused, 2u) << "together, and then the bad one alone";
    EXPECT_EQ(store.commits().done, 2u);
    store.append({{own.add(kNoon, NodeStarted{"1"})}, {}}, note("last"));
  }
  reactor.run_posted();
  EXPECT_THAT(answers, ElementsAre("first", "again:store-refused", "second"))
      << "a bad write hurts no neighbour; a destroyed store calls nobody";
  EXPECT_EQ(open()->load()->facts.size(), 3u) << "what was asked for before the end is written";
}

// SPEC TIME-1: the floor of license time survives a restart
TEST_F(StoreTest, KeepsTheClocksLatestMemory) {
  test::ManualReactor reactor;
  int answers = 0;
  EXPECT_EQ(open()->load()->clock, "");
  {
    SqliteStore store(reactor, open());
    for (const char* memory : {"first", "second"})
      store.keep_clock(memory, [&](const Result<void>& outcome) { answers += outcome ? 1 : 0; });
    ASSERT_TRUE(reactor.run_until([&] { return answers == 2; }));
    EXPECT_EQ(answers, 2);
    EXPECT_EQ(store.commits().done, 1u) << "one transaction for a turn of the reactor";
    EXPECT_EQ(store.commits().refused, 0u);
    EXPECT_GT(store.commits().took.sum(), DurationHistogram::Span(0));
  }
  EXPECT_EQ(open()->load()->clock, "second");
}

}  // namespace
}  // namespace latchkey
