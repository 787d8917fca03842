#include "tools/latchkey-vendor/compose.h"

#include <array>

#include "core/base/random.h"

namespace latchkey::vendor {
namespace {

Result<std::string> new_license_id() {
  std::array<std::uint8_t, 10> bytes{};
  if (!system_random(bytes)) return fail("no-random", "The system gave no random numbers.");
  return "L-" + to_hex(bytes);
}

Result<void> check(const LicenseDocument& document, const Issuer& issuer) {
  const auto payload = serialise(document);
  LK_TRY(const auto checked, parse_license(as_bytes(payload)));
  if (checked.issued < issuer.validity.not_before || checked.issued >= issuer.validity.not_after)
    return fail("issuer-not-valid", "The issuing key is not valid at the issue time.",
                "Use another issuing key, or another issue time.");
  for (const auto& entry : checked.entries)
    if (!issuer.may_license(entry.object))
      return fail("issuer-not-valid", "The issuing key may not license `" + entry.object + "`.",
                  "Use an issuing key with that scope.");
  return {};
}

}  // namespace

Result<LicenseDocument> compose(LicenseDocument draft, const Issuer& issuer) {
  if (draft.id.empty()) {
    LK_TRY(draft.id, new_license_id());
  }
  // Without a register of what was issued, the issue time counts the documents.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(draft.issued).time_since_epoch();
  if (draft.serial == 0) draft.serial = static_cast<std::uint64_t>(seconds.count());
  draft.issuer = issuer.name;
  LK_CHECK(check(draft, issuer));
  return draft;
}

}  // namespace latchkey::vendor
