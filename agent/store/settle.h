#pragma once

struct sqlite3;

namespace latchkey {

/// Makes sure that the write-ahead log is on the disk as it reads. The kernel calls the pages of a
/// file clean after an fsync of them failed: a log that another process left may read well and be
/// lost with the next failure of power, together with all that was appended to it. So it is written
/// once more, as it is, and that is synced. Returns a code of SQLite's.
int settle_log(sqlite3* db);

}  // namespace latchkey
