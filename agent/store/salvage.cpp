#include "agent/store/salvage.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "agent/store/chain_check.h"
#include "agent/store/lease_row.h"
#include "agent/store/sql.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

/// One table after the other: a broken page in one says nothing of the others.
template <class Read>
void as_far_as_it_goes(SQLite::Database& db, const char* query, Read read) {
  try {
    SQLite::Statement rows(db, query);
    while (rows.executeStep()) read(rows);
  } catch (const SQLite::Exception&) {  // here it ends
  }
}

void read_facts(SQLite::Database& db, Salvage& out) {
  ChainCheck check;
  as_far_as_it_goes(db, sql::kAllFacts, [&](SQLite::Statement& row) {
    EncodedFact encoded{row.getColumn(0).getString(), row.getColumn(1).getString()};
    ++out.seen;
    // What follows a fault in its chain does not continue what was kept of it, and fails too.
    if (check.next(encoded)) out.kept.facts.push_back(std::move(encoded));
  });
}

void read_documents(SQLite::Database& db, Salvage& out) {
  as_far_as_it_goes(db, sql::kAllDocuments, [&](SQLite::Statement& row) {
    const auto blob = row.getColumn(1);
    const auto* data = static_cast<const std::uint8_t*>(blob.getBlob());
    Document document{row.getColumn(0).getString(), Bytes(data, data + blob.getBytes())};
    if (content_hash(document.envelope) == document.hash)
      out.kept.documents.push_back(std::move(document));
  });
}

void read_leases(SQLite::Database& db, Salvage& out) {
  as_far_as_it_goes(db, sql::kAllLeases, [&](SQLite::Statement& row) {
    read_lease_row(row, [&](std::uint64_t position, ByteView changes, bool sound) {
      if (sound) out.leases.push_back({position, {changes.begin(), changes.end()}});
    });
  });
}

}  // namespace

Salvage salvage(const std::filesystem::path& file) {
  Salvage out;
  try {
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE);
    db.exec(sql::kSetUp);
    read_facts(db, out);
    read_documents(db, out);
    read_leases(db, out);
    SQLite::Statement clock(db, sql::kGetMeta);
    clock.bind(1, "clock");
    if (clock.executeStep()) out.clock = clock.getColumn(0).getString();
  } catch (const SQLite::Exception&) {  // no database at all
  }
  return out;
}

}  // namespace latchkey
