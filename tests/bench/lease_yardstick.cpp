#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// What leases are held against: plain SQLite with the rows that a lease is, on the disk where
// DATABASE lies, as durable as the agent's (WAL, synchronous=FULL). Prints one JSON object.
//   lease_yardstick append DATABASE ROWS    ROWS of them, 100 a transaction: rows a second
//   lease_yardstick single DATABASE ROWS    each in a transaction of its own: p50, p99
//   lease_yardstick scan DATABASE ROWS      reads them all: ms; makes them first if they are not
//   there
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPerTransaction = 100;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

SQLite::Database open(const std::string& file) {
  SQLite::Database db(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
  db.exec(
      "CREATE TABLE IF NOT EXISTS leases(position INTEGER PRIMARY KEY, consumer TEXT NOT NULL,"
      " owner TEXT NOT NULL, object TEXT NOT NULL, unit TEXT NOT NULL, quantity INTEGER NOT NULL,"
      " ttl_s INTEGER NOT NULL, version INTEGER NOT NULL)");
  return db;
}

class Rows {
 public:
  explicit Rows(SQLite::Database& db)
      : db_(db),
        insert_(db,
                "INSERT INTO leases VALUES(NULL, ?, 'uid:1000', 'kvm', 'cpu-socket', ?, 600, ?)") {}

  void append(int count) {
    SQLite::Transaction transaction(db_);
    for (int i = 0; i < count; ++i, ++number_) {
      std::string consumer = std::to_string(10'000'000 + number_ % 1'000'000);
      consumer.replace(0, 1, "load-");
      insert_.bind(1, consumer);
      insert_.bind(2, 1 + number_ % 2);
      insert_.bind(3, number_);
      insert_.exec();
      insert_.reset();
    }
    transaction.commit();
  }

 private:
  SQLite::Database& db_;
  SQLite::Statement insert_;
  int number_ = 0;
};

void append(SQLite::Database& db, int rows) {
  Rows table(db);
  const auto begin = Clock::now();
  for (int done = 0; done < rows; done += kPerTransaction) table.append(kPerTransaction);
  std::printf("{\"rate\":%.0f}\n", rows / seconds_since(begin));
}

void single(SQLite::Database& db, int rows) {
  Rows table(db);
  std::vector<double> times;
  for (int i = 0; i < rows; ++i) {
    const auto begin = Clock::now();
    table.append(1);
    times.push_back(seconds_since(begin) * 1e6);
  }
  std::ranges::sort(times);
  const auto at = [&](std::size_t percent) { return times[times.size() * percent / 100]; };
  std::printf("{\"p50_us\":%.2f,\"p99_us\":%.2f}\n", at(50), at(99));
}

void scan(SQLite::Database& db, int rows) {
  Rows table(db);
  for (int have = db.execAndGet("SELECT count(*) FROM leases").getInt(); have < rows;
       have += kPerTransaction)
    table.append(kPerTransaction);
  const auto begin = Clock::now();
  SQLite::Statement all(
      db, "SELECT consumer, owner, object, unit, quantity, ttl_s, version FROM leases");
  std::size_t bytes = 0, numbers = 0;
  while (all.executeStep()) {
    for (int column = 0; column < 4; ++column)
      bytes += std::string_view(all.getColumn(column).getText()).size();
    for (int column = 4; column < 7; ++column)
      numbers += static_cast<std::size_t>(all.getColumn(column).getInt64());
  }
  const double ms = seconds_since(begin) * 1e3;
  std::printf("{\"ms\":%.2f,\"bytes\":%zu,\"sum\":%zu}\n", ms, bytes, numbers);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string_view what = argv[1];
  const int rows = std::stoi(argv[3]);
  if (what != "scan") std::filesystem::remove(argv[2]);
  auto db = open(argv[2]);
  if (what == "append")
    append(db, rows);
  else if (what == "single")
    single(db, rows);
  else if (what == "scan")
    scan(db, rows);
  else
    return 2;
}
