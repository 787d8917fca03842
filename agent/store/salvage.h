#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "agent/store/fact_store.h"

namespace latchkey {

/// What of a damaged database verifies.
struct Salvage {
  Batch kept;
  std::string clock;             ///< as StoreContents::clock
  std::vector<LeaseRow> leases;  ///< rows of the lease journal that are what was written
  std::size_t seen = 0;          ///< facts that could be read at all
};

/// Reads as far as SQLite gets. Never fails: at worst there is nothing.
Salvage salvage(const std::filesystem::path& file);

}  // namespace latchkey
