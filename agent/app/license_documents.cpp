#include "agent/app/license_documents.h"

#include <utility>

#include "core/license/envelope.h"

namespace latchkey {
namespace {

std::shared_ptr<const StoredLicense> parse(const std::string& hash, const Bytes& bytes) {
  const auto envelope = parse_envelope(bytes);
  if (!envelope) return nullptr;
  auto document = parse_license(envelope->payload);
  if (!document) return nullptr;
  return std::make_shared<const StoredLicense>(StoredLicense{hash, std::move(*document)});
}

}  // namespace

std::shared_ptr<const StoredLicense> LicenseDocuments::find(const FactLog& facts,
                                                            const std::string& hash) {
  const auto known = parsed_.find(hash);
  if (known != parsed_.end()) return known->second;
  const auto* bytes = facts.document(hash);
  if (bytes == nullptr) return nullptr;  // may still come
  return parsed_.emplace(hash, parse(hash, *bytes)).first->second;
}

void LicenseDocuments::put(const std::string& hash, LicenseDocument document) {
  auto& stored = parsed_[hash];
  if (!stored)
    stored = std::make_shared<const StoredLicense>(StoredLicense{hash, std::move(document)});
}

}  // namespace latchkey
