#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/base/keys.h"
#include "core/license/envelope.h"

// import_yardstick DATABASE ISSUER.pub SCRATCH: what an import cannot do without. Reads the facts
// and documents that a (stopped) agent has, and prints as JSON how many milliseconds it takes to
// verify the signatures of the documents, and to write the same rows into a new database with plain
// SQLite, as durably as the agent does.
namespace {

using namespace latchkey;
using Clock = std::chrono::steady_clock;

struct Fact {
  std::int64_t position, seq;
  std::string chain, text, hash;
};
struct Stored {
  std::string hash;
  Bytes bytes;
};
struct Rows {
  std::vector<Fact> facts;
  std::vector<Stored> documents;
};

template <class Work>
double milliseconds(Work work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

Rows read(const std::string& file) {
  Rows out;
  SQLite::Database db(file, SQLite::OPEN_READWRITE);  // its write-ahead log may hold them still
  SQLite::Statement facts(db, "SELECT position, chain, seq, text, hash FROM facts");
  while (facts.executeStep())
    out.facts.push_back({facts.getColumn(0).getInt64(), facts.getColumn(2).getInt64(),
                         facts.getColumn(1).getString(), facts.getColumn(3).getString(),
                         facts.getColumn(4).getString()});
  SQLite::Statement documents(db, "SELECT hash, envelope FROM documents");
  while (documents.executeStep()) {
    const auto text = documents.getColumn(1).getString();
    out.documents.push_back({documents.getColumn(0).getString(), Bytes(text.begin(), text.end())});
  }
  return out;
}

double verify(const Rows& rows, const PublicKey& key) {
  std::vector<Envelope> envelopes;
  for (const auto& document : rows.documents)
    envelopes.push_back(parse_envelope(document.bytes).value());
  return milliseconds([&] {
    for (const auto& envelope : envelopes)
      if (verified_by(envelope, {&key, 1}).empty()) throw std::runtime_error("not its signature");
  });
}

void insert(SQLite::Database& db, const Rows& rows) {
  SQLite::Transaction transaction(db);
  SQLite::Statement fact(db, "INSERT INTO facts VALUES(?, ?, ?, ?, ?)");
  for (const auto& row : rows.facts) {
    fact.bind(1, row.position);
    fact.bind(2, row.chain);
    fact.bind(3, row.seq);
    fact.bind(4, row.text);
    fact.bind(5, row.hash);
    fact.exec();
    fact.reset();
  }
  SQLite::Statement document(db, "INSERT INTO documents VALUES(?, ?)");
  for (const auto& row : rows.documents) {
    document.bind(1, row.hash);
    document.bind(2, row.bytes.data(), static_cast<int>(row.bytes.size()));
    document.exec();
    document.reset();
  }
  transaction.commit();
}

double write(const Rows& rows, const std::filesystem::path& scratch) {
  std::filesystem::remove(scratch);
  SQLite::Database db(scratch, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
  db.exec(
      "CREATE TABLE facts(position INTEGER PRIMARY KEY, chain TEXT NOT NULL, seq INTEGER NOT NULL,"
      " text TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE(chain, seq));"
      "CREATE TABLE documents(hash TEXT PRIMARY KEY, envelope BLOB NOT NULL);");
  return milliseconds([&] { insert(db, rows); });
}

}  // namespace

int main(int, char** argv) {
  const auto rows = read(argv[1]);
  std::ifstream pem(argv[2]);
  const std::string text(std::istreambuf_iterator<char>(pem), {});
  const auto key = PublicKey::from_pem(text).value();
  std::cout << nlohmann::json{{"documents", rows.documents.size()},
                              {"verify_ms", verify(rows, key)},
                              {"write_ms", write(rows, argv[3])}}
            << '\n';
}
