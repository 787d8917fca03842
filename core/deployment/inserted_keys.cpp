#include "core/deployment/inserted_keys.h"

namespace latchkey {
namespace {

InsertedKey inserted(const PluggedKey& plugged, const std::vector<KeptLicense>& kept) {
  InsertedKey key{plugged.reading.key_id, plugged.reading.license, {}};
  if (key.current) key.imported.insert(key.current->document);
  const bool counts = plugged.holding.license || !plugged.holding.to_write.empty();
  for (const auto& license : kept) {
    if (license.key_id != key.key_id) continue;
    if (!key.current || license.license.issued >= key.current->issued)
      key.current = license.license;
    key.imported.insert(license.license.document);
  }
  if (!counts && key.current) key.imported.erase(key.current->document);
  return key;
}

}  // namespace

std::vector<InsertedKey> inserted_keys(const Decision& decision) {
  std::vector<InsertedKey> keys;
  for (const auto& plugged : decision.keys)
    if (!plugged.reading.key_id.empty()) keys.push_back(inserted(plugged, decision.kept));
  return keys;
}

}  // namespace latchkey
