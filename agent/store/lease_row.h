#pragma once

#include "agent/store/database.h"

namespace SQLite {
class Statement;
}

namespace latchkey {

/// Of a row of the lease journal, its place included: a torn or misplaced row shows.
std::uint32_t lease_checksum(std::uint64_t position, ByteView changes);

/// Hands over the row at which the query sql::kAllLeases stands.
void read_lease_row(SQLite::Statement& row, const TakeLeases& take);

}  // namespace latchkey
