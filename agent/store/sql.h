#pragma once

// All SQL of the agent stands here, in the common dialect of SQLite and PostgreSQL; only kSetUp is
// SQLite's own.
namespace latchkey::sql {

inline constexpr char kSchemaVersion[] = "1";

/// Held exclusively there is no shared-memory file and no second agent; the page cache stays small.
inline constexpr char kSetUp[] =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA cache_size=-256;"
    "PRAGMA temp_store=MEMORY;";
inline constexpr char kQuickCheck[] = "PRAGMA quick_check(1)";

/// `position` is the order of arrival at this node.
inline constexpr char kCreate[] =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS facts(position INTEGER PRIMARY KEY, chain TEXT NOT NULL,"
    " seq INTEGER NOT NULL, text TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE(chain, seq));"
    "CREATE TABLE IF NOT EXISTS documents(hash TEXT PRIMARY KEY, envelope BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS leases(position INTEGER PRIMARY KEY, changes BLOB NOT NULL,"
    " checksum INTEGER NOT NULL);";

inline constexpr char kAddMeta[] =
    "INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT DO NOTHING";
inline constexpr char kPutMeta[] =
    "INSERT INTO meta(name, value) VALUES(?, ?)"
    " ON CONFLICT(name) DO UPDATE SET value = excluded.value";
inline constexpr char kSetMeta[] = "UPDATE meta SET value = ? WHERE name = ?";
inline constexpr char kGetMeta[] = "SELECT value FROM meta WHERE name = ?";

inline constexpr char kLastPosition[] = "SELECT COALESCE(MAX(position), 0) FROM facts";
inline constexpr char kAddFact[] =
    "INSERT INTO facts(position, chain, seq, text, hash) VALUES(?, ?, ?, ?, ?)";
inline constexpr char kDropFacts[] = "DELETE FROM facts WHERE chain = ? AND seq > ?";
inline constexpr char kAllFacts[] = "SELECT text, hash FROM facts ORDER BY position";
inline constexpr char kAllFactsByChain[] =
    "SELECT chain, text, hash FROM facts ORDER BY chain, seq";

inline constexpr char kAddDocument[] =
    "INSERT INTO documents(hash, envelope) VALUES(?, ?) ON CONFLICT DO NOTHING";
inline constexpr char kAddLeases[] =
    "INSERT INTO leases(position, changes, checksum) VALUES(?, ?, ?)";
inline constexpr char kDropLeases[] = "DELETE FROM leases WHERE position < ?";
inline constexpr char kAllLeases[] =
    "SELECT position, changes, checksum FROM leases ORDER BY position";

inline constexpr char kAllDocuments[] = "SELECT hash, envelope FROM documents";

}  // namespace latchkey::sql
