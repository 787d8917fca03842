#pragma once

#include <string>
#include <unordered_map>

#include "agent/app/fact_log.h"
#include "core/license/document.h"

namespace latchkey {

/// The parsed licenses of the log's documents, which were verified before they were taken in: facts
/// hold only summaries. Reactor thread only.
class DocumentShelf {
 public:
  /// `facts` outlives the shelf.
  explicit DocumentShelf(const FactLog& facts) : facts_(facts) {}

  /// Parses at the first question. Null when the document is not here or is no license; stays valid
  /// as long as the shelf.
  const LicenseDocument* find(const std::string& hash) const;
  /// Spares the parsing of what was parsed to be verified.
  void put(const std::string& hash, LicenseDocument document);

 private:
  const FactLog& facts_;
  mutable std::unordered_map<std::string, LicenseDocument> parsed_;
};

}  // namespace latchkey
