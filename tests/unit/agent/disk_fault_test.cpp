#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "agent/store/database.h"
#include "core/base/big_endian.h"
#include "tests/support/lying_disk.h"

// What was acknowledged survives, whatever fails: SPEC POOL-4.
namespace latchkey {
namespace {

using test::LyingDisk;

/// Writes rows of leases as the agent does, and knows which of them have to be there.
class Keeper {
 public:
  explicit Keeper(std::uint32_t seed) : disk(seed) { open(); }

  /// A row of that size. True: it was acknowledged.
  bool write(std::size_t bytes, std::uint64_t drop_before = 0) {
    const auto id = ++ids_;
    Bytes content;
    put_u32(content, id);
    content.resize(std::max<std::size_t>(bytes, 4), static_cast<std::uint8_t>(id));
    dropped_ = std::max(dropped_, drop_before);  // refused or not: nobody needs them
    Write write;
    write.leases = LeaseRow{next(), content, drop_before};
    const Write* one = &write;
    const auto written = database_->write({&one, 1});
    if (!written) {
      EXPECT_EQ(written.error().code, "store-failed");
      EXPECT_FALSE(written.error().cure.empty());
      refused_[next()].push_back(id);
      return false;
    }
    // Whatever was found at the start is behind it in the log, and lasts with it.
    durable_.insert(found_.begin(), found_.end());
    found_.clear();
    durable_[next()] = id;
    std::erase_if(durable_, [&](const auto& row) { return row.first < dropped_; });
    refused_.clear();
    return true;
  }
  void kill() {
    disk.kill_process();
    database_.reset();
    reopen();
  }
  void cut_power() {
    disk.cut_power();
    database_.reset();
    reopen();
  }
  std::uint64_t next() const {
    const auto& rows = found_.empty() ? durable_ : found_;
    return rows.empty() ? 1 : rows.rbegin()->first + 1;
  }
  std::size_t acknowledged() const { return durable_.size(); }

  LyingDisk disk;

 private:
  using Rows = std::map<std::uint64_t, std::uint32_t>;  // position, id

  void open() {
    auto opened = Database::open("/latchkey.db", std::string(32, 'a'));
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = std::move(*opened);
  }
  void reopen() {
    open();
    ASSERT_TRUE(database_);
    const auto contents = database_->load();
    ASSERT_TRUE(contents) << contents.error().message;
    Rows rows;
    ASSERT_TRUE(database_->load_leases([&](std::uint64_t position, ByteView row, bool sound) {
      EXPECT_TRUE(sound);
      rows[position] = get_u32(row, 0);
    }));
    for (const auto& [position, id] : durable_) {
      if (position < dropped_) continue;
      ASSERT_TRUE(rows.contains(position)) << "row " << position << " was acknowledged";
      EXPECT_EQ(rows[position], id) << "row " << position;
    }
    found_.clear();
    for (const auto& row : rows)
      if (!durable_.contains(row.first) && row.first >= dropped_) check_found(row);
  }
  /// Of what was refused the last may be there all the same after a crash: nobody counts on it.
  void check_found(const Rows::value_type& row) {
    const auto& [position, id] = row;
    EXPECT_EQ(std::ranges::count(refused_[position], id), 1) << "row " << position;
    found_.insert(row);
  }
  std::unique_ptr<Database> database_;
  std::uint32_t ids_ = 0;
  Rows durable_, found_;
  std::uint64_t dropped_ = 0;  ///< rows before it may be gone
  std::map<std::uint64_t, std::vector<std::uint32_t>> refused_;
};

// Small rows `w` and large ones `W`, written; `f` and `F`, refused by an fsync that fails; the
// process is killed `k`; the power fails `p`.
TEST(DiskFault, LosesNothingThatWasAcknowledged) {
  for (const char* steps : {"wfwp", "wFwp", "wfWp", "wfkp", "wfkwp", "wFkwp", "wffkwkwp", "wfpwp",
                            "wkfkwp", "wFkfkWfwp", "fkwp", "wpfwkwp"}) {
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(std::string(steps) + ", seed " + std::to_string(seed));
      Keeper keeper(seed);
      for (const char* step = steps; *step != 0; ++step) {
        const bool fails = *step == 'f' || *step == 'F', large = *step == 'W' || *step == 'F';
        keeper.disk.sync_fails = [fails] { return fails; };
        if (*step == 'k') keeper.kill();
        if (*step == 'p') keeper.cut_power();
        if (*step == 'w' || fails || large) {
          ASSERT_EQ(keeper.write(large ? 30'000 : 100), !fails);
        }
        if (HasFatalFailure() || HasNonfatalFailure()) return;
      }
    }
  }
}

// The same for ever: with checkpoints, rows that are dropped, and fsyncs that fail in all of them.
TEST(DiskFault, LosesNothingByChance) {
  int failed = 0;
  std::size_t acknowledged = 0;
  for (std::uint32_t seed = 0; seed < 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 dice(seed);
    const auto chance = [&dice](unsigned of) { return dice() % of == 0; };
    Keeper keeper(seed);
    for (int step = 0; step < 120; ++step) {
      keeper.disk.sync_fails = [&chance] { return chance(4); };
      const std::size_t bytes = chance(3) ? dice() % 300'000 : dice() % 3000;
      keeper.write(bytes, chance(4) && keeper.next() > 5 ? keeper.next() - 5 : 0);
      keeper.disk.sync_fails = [] { return false; };
      if (chance(12)) keeper.kill();
      if (chance(12)) keeper.cut_power();
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
    failed += keeper.disk.failed;
    acknowledged += keeper.acknowledged();
  }
  EXPECT_GT(failed, 200);
  EXPECT_GT(acknowledged, 100u);
}

// A disk that was remounted read-only, and comes back.
TEST(DiskFault, ReadOnlyRefusesAndRecovers) {
  Keeper keeper(1);
  EXPECT_TRUE(keeper.write(100));
  keeper.disk.read_only = true;
  EXPECT_FALSE(keeper.write(100));
  EXPECT_FALSE(keeper.write(30'000));
  keeper.kill();
  EXPECT_FALSE(keeper.write(100)) << "a start finds the disk as it was left";
  keeper.disk.read_only = false;
  EXPECT_TRUE(keeper.write(100));
  keeper.cut_power();
  EXPECT_EQ(keeper.next(), 3u);
}

}  // namespace
}  // namespace latchkey
