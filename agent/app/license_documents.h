#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/app/fact_log.h"
#include "core/pool/entitlement.h"

namespace latchkey {

/// The license documents of a log, each parsed once: facts hold only their summaries. What is in
/// the log was verified before it got there. Reactor thread only.
class LicenseDocuments {
 public:
  /// Null when the document is not here, or is none that this version can read.
  std::shared_ptr<const StoredLicense> find(const FactLog& facts, const std::string& hash);

  /// Spares the parsing of a document that was parsed to be verified.
  void put(const std::string& hash, LicenseDocument document);

 private:
  std::map<std::string, std::shared_ptr<const StoredLicense>> parsed_;
};

}  // namespace latchkey
