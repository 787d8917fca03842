#include "agent/app/document_shelf.h"

#include <utility>

#include "core/license/envelope.h"

namespace latchkey {

const LicenseDocument* DocumentShelf::find(const std::string& hash) const {
  if (const auto known = parsed_.find(hash); known != parsed_.end()) return &known->second;
  const auto* bytes = facts_.document(hash);
  const auto envelope = bytes ? parse_envelope(*bytes) : fail("document-missing", "");
  if (!envelope || envelope->payload_type != kLicenseType) return nullptr;
  auto document = parse_license(envelope->payload);
  if (!document) return nullptr;
  return &parsed_.emplace(hash, std::move(*document)).first->second;
}

void DocumentShelf::put(const std::string& hash, LicenseDocument document) {
  parsed_.emplace(hash, std::move(document));
}

}  // namespace latchkey
