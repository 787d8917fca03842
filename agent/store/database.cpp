#include "agent/store/database.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "agent/store/chain_audit.h"
#include "agent/store/chain_check.h"
#include "agent/store/lease_audit.h"
#include "agent/store/lease_row.h"
#include "agent/store/settle.h"
#include "agent/store/sql.h"
#include "core/base/sha256.h"
#include "core/pool/lease_codec.h"

namespace latchkey {
namespace {

constexpr char kDamagedCure[] =
    "stop the agent, move latchkey.db* aside and start again: the peer and the key bring the "
    "history back";

tl::unexpected<Error> damaged(const std::string& what) {
  return fail("database-damaged", "the database is damaged: " + what, kDamagedCure);
}

tl::unexpected<Error> cannot_open(const std::filesystem::path& file,
                                  const SQLite::Exception& error) {
  switch (error.getErrorCode()) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return damaged(file.string() + ": " + error.getErrorStr());
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail("database-in-use", file.string() + " is in use by another process.",
                  "Stop the other agent, or give this one a state_dir of its own.");
    default:
      return fail("database-unreadable", file.string() + ": " + error.what() + ".",
                  "Check the directory's owner and the free space.");
  }
}

/// For what is read only to see whether it can be.
struct Unheeded final : LeaseVisitor {
  bool pool(PoolId) override { return true; }
  bool owner(std::string_view) override { return true; }
  bool put(const PackedLease&) override { return true; }
  bool drop(std::string_view, LeaseVersion) override { return true; }
};

}  // namespace

class Database::Impl {
 public:
  Impl(const std::filesystem::path& file, const std::string& fresh_chain)
      : db_(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    db_.exec(sql::kSetUp);
    checkpoint_at_close(false);
    SQLite::Transaction transaction(db_);
    db_.exec(sql::kCreate);
    set_meta(sql::kAddMeta, "schema", sql::kSchemaVersion);
    set_meta(sql::kAddMeta, "chain", fresh_chain);
    transaction.commit();
    position_ = db_.execAndGet(sql::kLastPosition).getInt64();
    add_fact_.emplace(db_, sql::kAddFact);
    add_leases_.emplace(db_, sql::kAddLeases);
    drop_leases_.emplace(db_, sql::kDropLeases);
  }

  std::string meta(const char* name) {
    SQLite::Statement query(db_, sql::kGetMeta);
    query.bind(1, name);
    return query.executeStep() ? query.getColumn(0).getString() : std::string();
  }

  Result<StoreContents> load() {
    StoreContents contents;
    contents.chain = meta("chain");
    contents.clock = meta("clock");
    if (const auto verdict = db_.execAndGet(sql::kQuickCheck).getString(); verdict != "ok")
      return damaged(verdict);
    ChainCheck check;
    SQLite::Statement facts(db_, sql::kAllFacts);
    while (facts.executeStep()) {
      EncodedFact encoded{facts.getColumn(0).getString(), facts.getColumn(1).getString()};
      auto fact = check.next(encoded);
      if (!fact) return damaged(fact.error().message);
      contents.facts.push_back({std::move(*fact), std::move(encoded)});
    }
    SQLite::Statement documents(db_, sql::kAllDocuments);
    while (documents.executeStep()) {
      auto document = document_at(documents);
      if (content_hash(document.envelope) != document.hash)
        return damaged("document " + document.hash + " was changed");
      contents.documents.push_back(std::move(document));
    }
    return contents;
  }

  void load_leases(const TakeLeases& take) {
    SQLite::Statement rows(db_, sql::kAllLeases);
    while (rows.executeStep()) read_lease_row(rows, take);
  }

  Result<StoreReport> verify() {
    sqlite3_db_release_memory(db_.getHandle());
    if (const auto verdict = db_.execAndGet(sql::kQuickCheck).getString(); verdict != "ok")
      return damaged(verdict);
    ChainAudit audit;
    SQLite::Statement facts(db_, sql::kAllFactsByChain);
    while (facts.executeStep())
      audit.take(facts.getColumn(0).getString(),
                 {facts.getColumn(1).getString(), facts.getColumn(2).getString()});
    StoreReport report{std::move(audit).report(), {}};
    SQLite::Statement documents(db_, sql::kAllDocuments);
    while (documents.executeStep())
      if (const auto document = document_at(documents);
          content_hash(document.envelope) != document.hash)
        report.changed_documents.push_back(document.hash);
    report.leases = audit_leases();
    return report;
  }

  void write(std::span<const Write* const> writes) {
    settle();
    SQLite::Transaction transaction(db_);
    auto position = position_;
    for (const auto* write : writes) {
      if (write->change) apply(*write->change);
      if (write->clock) set_meta(sql::kPutMeta, "clock", *write->clock);
      for (const auto& fact : write->batch.facts) add_fact(++position, fact);
      for (const auto& document : write->batch.documents) add_document(document);
      if (write->leases) add_leases(*write->leases);
    }
    transaction.commit();
    position_ = position;
  }

 private:
  /// Before the first write: nothing is appended to a log, or taken from it into the database, that
  /// a failure of power may yet undo.
  void settle() {
    if (settled_) return;
    if (const int code = settle_log(db_.getHandle()); code != SQLITE_OK)
      throw SQLite::Exception("its log cannot be synced", code);
    checkpoint_at_close(true);
    settled_ = true;
  }
  void checkpoint_at_close(bool wanted) {
    sqlite3_db_config(db_.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, wanted ? 0 : 1, nullptr);
  }

  StoreReport::Leases audit_leases() {
    LeaseAudit audit;
    load_leases([&audit](std::uint64_t position, ByteView changes, bool sound) {
      audit.take(position, sound);
      if (!sound) return;
      Unheeded reader;
      if (const auto read = visit_leases(changes, reader); !read)
        audit.cannot_be_read(read.error().message);
    });
    return audit.report();
  }

  static Document document_at(SQLite::Statement& row) {
    const auto blob = row.getColumn(1);
    const auto* data = static_cast<const std::uint8_t*>(blob.getBlob());
    return {row.getColumn(0).getString(), Bytes(data, data + blob.getBytes())};
  }

  void set_meta(const char* statement, const char* name, const std::string& value) {
    SQLite::Statement insert(db_, statement);
    insert.bind(1, name);
    insert.bind(2, value);
    insert.exec();
  }

  void apply(const ChainSwitch& change) {
    SQLite::Statement drop(db_, sql::kDropFacts);
    drop.bind(1, change.forked);
    drop.bind(2, static_cast<std::int64_t>(change.common));
    drop.exec();
    SQLite::Statement chain(db_, sql::kSetMeta);
    chain.bind(1, change.chain);
    chain.bind(2, "chain");
    chain.exec();
  }

  void add_fact(std::int64_t position, const EncodedFact& encoded) {
    // What cannot be read back must not be written.
    const auto decoded = decode_fact(encoded.text);
    if (!decoded || decoded->hash != encoded.hash)
      throw SQLite::Exception("a fact does not match its hash", SQLITE_CONSTRAINT);
    SQLite::Statement& insert = *add_fact_;
    insert.tryReset();
    insert.bind(1, position);
    insert.bindNoCopy(2, decoded->fact.chain);
    insert.bind(3, static_cast<std::int64_t>(decoded->fact.seq));
    insert.bindNoCopy(4, encoded.text);
    insert.bindNoCopy(5, encoded.hash);
    insert.exec();
  }

  void add_document(const Document& document) {
    SQLite::Statement insert(db_, sql::kAddDocument);
    insert.bindNoCopy(1, document.hash);
    insert.bindNoCopy(2, document.envelope.data(), static_cast<int>(document.envelope.size()));
    insert.exec();
  }

  void add_leases(const LeaseRow& row) {
    SQLite::Statement& insert = *add_leases_;
    insert.tryReset();
    insert.bind(1, static_cast<std::int64_t>(row.position));
    insert.bindNoCopy(2, row.changes.data(), static_cast<int>(row.changes.size()));
    insert.bind(3, static_cast<std::int64_t>(lease_checksum(row.position, row.changes)));
    insert.exec();
    if (row.drop_before == 0) return;
    SQLite::Statement& drop = *drop_leases_;
    drop.tryReset();
    drop.bind(1, static_cast<std::int64_t>(row.drop_before));
    drop.exec();
  }

  SQLite::Database db_;
  std::optional<SQLite::Statement> add_fact_, add_leases_, drop_leases_;
  std::int64_t position_ = 0;
  bool settled_ = false;
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file,
                                                 const std::string& fresh_chain) {
  try {
    auto impl = std::make_unique<Impl>(file, fresh_chain);
    if (const auto schema = impl->meta("schema"); schema != sql::kSchemaVersion)
      return fail(
          "database-too-new",
          file.string() + " has schema " + schema + ", this agent knows " + sql::kSchemaVersion,
          "Install the version of the agent that wrote it.");
    return std::unique_ptr<Database>(new Database(std::move(impl)));
  } catch (const SQLite::Exception& error) {
    return cannot_open(file, error);
  }
}

Result<StoreContents> Database::load() {
  try {
    return impl_->load();
  } catch (const SQLite::Exception& error) {
    return damaged(error.what());
  }
}

Result<void> Database::load_leases(const TakeLeases& take) {
  try {
    impl_->load_leases(take);
    return {};
  } catch (const SQLite::Exception& error) {
    return damaged(error.what());
  }
}

Result<StoreReport> Database::verify() {
  try {
    return impl_->verify();
  } catch (const SQLite::Exception& error) {
    return damaged(error.what());
  }
}

Result<void> Database::write(std::span<const Write* const> writes) {
  try {
    impl_->write(writes);
    return {};
  } catch (const SQLite::Exception& error) {
    if (error.getErrorCode() == SQLITE_CONSTRAINT)
      return fail("store-refused", std::string("the database refused the write: ") + error.what());
    return fail("store-failed",
                std::string("The database cannot be written: ") + error.what() + ".",
                "Check the free space and the health of the disk that holds state_dir.");
  }
}

}  // namespace latchkey
