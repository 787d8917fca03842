#include "agent/store/heal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "core/base/sha256.h"
#include "tests/support/facts.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_dir.h"

// SPEC BUF-10: a damaged database stops nobody; what verifies is kept, and nothing else.
namespace latchkey {
namespace {

using test::ChainWriter;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kOwn(32, 'a');
const std::string kPeer(32, 'b');
const std::string kFresh(32, 'c');

class HealTest : public testing::Test {
 protected:
  HealTest() {
    ChainWriter own(kOwn, "node-a"), peer(kPeer, "node-b");
    Batch batch;
    for (int i = 0; i < 3; ++i) {
      batch.facts.push_back(own.add(kNoon, NodeStarted{"1"}));
      batch.facts.push_back(peer.add(kNoon, NodeStarted{"1"}));
    }
    for (const Bytes& envelope : {Bytes{1}, Bytes{2}})
      batch.documents.push_back({content_hash(envelope), envelope});
    const auto database = Database::open(file(), kOwn).value();
    const Write writes[] = {{std::nullopt, batch}, {std::nullopt, {}, "a clock"}};
    const Write* pointers[] = {&writes[0], &writes[1]};
    EXPECT_TRUE(database->write(pointers));
  }
  std::filesystem::path file() const { return dir_.path() / "latchkey.db"; }
  void tamper(const char* statement) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, statement, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  /// "chain-initial seq" of what is there after opening.
  std::vector<std::string> kept() {
    auto opened = open_or_heal(file(), kFresh);
    if (!opened) return {opened.error().code + ": " + opened.error().message};
    damage_ = opened->damage;
    contents_ = std::move(opened->contents);
    std::vector<std::string> out;
    for (const auto& stored : contents_.facts)
      out.push_back(stored.fact.chain.substr(0, 1) + std::to_string(stored.fact.seq));
    return out;
  }

  test::TempDir dir_;
  std::string damage_;
  StoreContents contents_;
};

TEST_F(HealTest, ASoundDatabaseIsLeftAlone) {
  EXPECT_THAT(kept(), ElementsAre("a1", "b1", "a2", "b2", "a3", "b3"));
  EXPECT_EQ(damage_, "");
  EXPECT_EQ(contents_.chain, kOwn);
}

TEST_F(HealTest, KeepsEachChainUpToItsFirstFault) {
  tamper("UPDATE facts SET text = replace(text, '\"1\"', '\"2\"') WHERE position = 3");
  EXPECT_THAT(kept(), ElementsAre("a1", "b1", "b2", "b3"));
  EXPECT_EQ(contents_.chain, kFresh) << "the broken chain is written no more";
  EXPECT_EQ(contents_.documents.size(), 2u);
  EXPECT_EQ(contents_.clock, "a clock");
  EXPECT_THAT(damage_, HasSubstr("4 of the 6 facts"));
  EXPECT_THAT(kept(), ElementsAre("a1", "b1", "b2", "b3"));
  EXPECT_EQ(damage_, "") << "told once";
}

TEST_F(HealTest, KeepsTheEvidenceOfEachTime) {
  for (const char* name : {"latchkey.db.damaged-1", "latchkey.db.damaged-2"}) {
    tamper("UPDATE facts SET hash = 'x' WHERE position = 2");
    kept();
    EXPECT_THAT(damage_, HasSubstr(name));
    EXPECT_TRUE(std::filesystem::exists(dir_.path() / name));
  }
}

TEST_F(HealTest, LeavesOutADocumentThatIsAnother) {
  tamper("UPDATE documents SET envelope = x'ff' WHERE envelope = x'01'");
  EXPECT_EQ(kept().size(), 6u);
  EXPECT_EQ(contents_.documents.size(), 1u);
  EXPECT_THAT(damage_, HasSubstr("document"));
}

TEST_F(HealTest, AFactThatIsMissingEndsItsChain) {
  tamper("DELETE FROM facts WHERE position = 4");
  EXPECT_THAT(kept(), ElementsAre("a1", "b1", "a2", "a3"));
}

// Broken pages, a file that is no database, half a file: whatever it is, the agent starts.
TEST_F(HealTest, TakesRubbishForNothing) {
  const auto size = std::filesystem::file_size(file());
  for (std::size_t from = 0; from < size; from += 1024) {
    {
      std::fstream raw(file(), std::ios::binary | std::ios::in | std::ios::out);
      raw.seekp(static_cast<std::streamoff>(from));
      raw << std::string(1024, '\x5a');
    }
    const auto opened = open_or_heal(file(), kFresh);
    ASSERT_TRUE(opened) << from << ": " << opened.error().message;
    EXPECT_LE(opened->contents.facts.size(), 6u);
  }
}

TEST_F(HealTest, ADatabaseOfANewerAgentIsNotTouched) {
  tamper("UPDATE meta SET value = '99' WHERE name = 'schema'");
  EXPECT_THAT(kept(), ElementsAre(HasSubstr("database-too-new")));
}

}  // namespace
}  // namespace latchkey
