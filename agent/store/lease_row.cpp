#include "agent/store/lease_row.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "core/base/big_endian.h"
#include "core/base/deflate.h"

namespace latchkey {

std::uint32_t lease_checksum(std::uint64_t position, ByteView changes) {
  Bytes place;
  put_u32(place, static_cast<std::uint32_t>(position >> 32));
  put_u32(place, static_cast<std::uint32_t>(position));
  return crc32({place, changes});
}

void read_lease_row(SQLite::Statement& row, const TakeLeases& take) {
  const auto position = static_cast<std::uint64_t>(row.getColumn(0).getInt64());
  const auto blob = row.getColumn(1);
  const ByteView changes(static_cast<const std::uint8_t*>(blob.getBlob()),
                         static_cast<std::size_t>(blob.getBytes()));
  take(position, changes, lease_checksum(position, changes) == row.getColumn(2).getInt64());
}

}  // namespace latchkey
