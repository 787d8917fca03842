#include "core/deployment/deletable.h"

#include <algorithm>

namespace latchkey {
namespace {

/// On a key, or kept for one.
bool is_of_a_key(const Decision& decision, const std::string& id) {
  const auto carries = [&](const PluggedKey& key) {
    return key.reading.license && key.reading.license->id == id;
  };
  return std::ranges::any_of(decision.keys, carries) ||
         std::ranges::any_of(decision.kept, [&](const KeptLicense& kept) {
           return !kept.key_id.empty() && kept.license.id == id;
         });
}

}  // namespace

bool has_base(const LicenseDocument& document) {
  return std::ranges::any_of(
      document.entries, [](const LicenseEntry& entry) { return entry.kind == EntryKind::base; });
}

Result<LicenseDeleted> deletable(const Decision& decision, const std::string& id,
                                 const FindLicense& find) {
  const auto file = std::ranges::find_if(decision.kept, [&](const KeptLicense& kept) {
    return kept.key_id.empty() && kept.license.id == id;
  });
  if (file == decision.kept.end()) {
    if (is_of_a_key(decision, id))
      return fail("bound-to-key",
                  "License " + id + " is bound to a USB key: it comes and goes with it.",
                  "Remove the key, or install a newer license for it.");
    return fail("unknown-license", "No license with the id " + id + " is installed.",
                "`latchkey license list` shows the ids.");
  }
  const auto* document = find(file->license.document);
  if (document == nullptr || has_base(*document))
    return fail("base-license", "License " + id + " is a base license, which cannot be deleted.",
                "Install a license that supersedes it; one that has expired does no harm.");
  return LicenseDeleted{file->license.document, id, {}};
}

}  // namespace latchkey
