#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace latchkey::test {

/// SQLite's files in memory, on a disk that fails as Linux lets disks fail: after an fsync that
/// failed the file reads as written and counts as clean, though none or only some of it reached the
/// disk, and no later fsync writes it ("fsyncgate"). One per process at a time; while it lives
/// every database that is opened lies on it.
class LyingDisk {
 public:
  explicit LyingDisk(std::uint32_t seed);
  ~LyingDisk();
  LyingDisk(const LyingDisk&) = delete;
  LyingDisk& operator=(const LyingDisk&) = delete;

  /// Whether the fsync at hand fails.
  std::function<bool()> sync_fails = [] { return false; };
  bool read_only = false;  ///< as a file system that was remounted so
  int failed = 0;          ///< fsyncs that did

  /// The process is gone: what it has open reaches no file any more. The files read as written.
  void kill_process() {
    ++process_;
    gone_ = true;
  }
  /// And with it everything that was not on the disk, or a part of that.
  void cut_power();

 private:
  static constexpr std::size_t kPage = 4096;
  struct File {
    std::vector<std::uint8_t> seen, kept;  ///< by who reads now, and after cut_power()
    std::set<std::size_t> dirty;           ///< pages
  };
  struct Handle;
  struct Calls;

  bool toss() { return dice_() % 2 == 0; }
  static void keep(File& file, std::size_t page);
  void lose(File& file);

  std::map<std::string, std::shared_ptr<File>> files_;
  int process_ = 0;
  bool gone_ = false;  ///< and no other one has opened anything yet
  std::mt19937 dice_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace latchkey::test
