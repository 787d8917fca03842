#include "agent/store/settle.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>

namespace latchkey {
namespace {

int rewrite(sqlite3_file* file, sqlite3_int64 size) {
  std::array<char, 65'536> part{};
  for (sqlite3_int64 at = 0; at < size;) {
    const auto step = std::min(size - at, static_cast<sqlite3_int64>(part.size()));
    if (const int code = file->pMethods->xRead(file, part.data(), static_cast<int>(step), at);
        code != SQLITE_OK)
      return code;
    if (const int code = file->pMethods->xWrite(file, part.data(), static_cast<int>(step), at);
        code != SQLITE_OK)
      return code;
    at += step;
  }
  return file->pMethods->xSync(file, SQLITE_SYNC_FULL);
}

}  // namespace

int settle_log(sqlite3* db) {
  sqlite3_file* file = nullptr;
  if (const int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
      code != SQLITE_OK)
    return code;
  if (file == nullptr || file->pMethods == nullptr) return SQLITE_OK;  // there is none yet
  sqlite3_int64 size = 0;
  if (const int code = file->pMethods->xFileSize(file, &size); code != SQLITE_OK) return code;
  return size == 0 ? SQLITE_OK : rewrite(file, size);
}

}  // namespace latchkey
