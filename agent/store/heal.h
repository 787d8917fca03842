#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "agent/store/database.h"

namespace latchkey {

struct OpenedDatabase {
  std::unique_ptr<Database> database;
  StoreContents contents;
  std::string damage{};  ///< what was wrong and what became of it, for people; empty: nothing was
};

/// Opens, reads and verifies. A damaged database is moved aside, whole and for evidence; a new one
/// takes over what of it still verifies, up to the first fault of each chain, and writes on in
/// `fresh_chain`: the peer and the key bring the rest (SPEC BUF-10). Errors: those of
/// Database::open but `database-damaged`; `database-not-healed` when there is no way.
Result<OpenedDatabase> open_or_heal(const std::filesystem::path& file,
                                    const std::string& fresh_chain);

}  // namespace latchkey
