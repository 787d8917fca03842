#include "agent/app/revocation_review.h"

#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {

struct RevocationReview::Round {
  struct Item {
    KeptLicense kept;
    Bytes envelope;
    bool revoked = false;
  };
  std::shared_ptr<const TrustStore> trust;
  std::vector<Item> items;
};

void RevocationReview::passed(const std::string& document, const TrustStore* by) {
  if (by == trust_.get()) judged_.insert(document);
}

void RevocationReview::review(const Decision& decision) {
  const auto trust = settings_->get().first;
  const bool other = std::exchange(trust_, trust) != trust;
  const auto facts = log_.facts().entries().size();
  if (std::exchange(facts_, facts) == facts && !other) return;
  if (other) judged_.clear();
  const auto round = std::make_shared<Round>();
  round->trust = trust;
  for (const auto& kept : decision.kept) {
    const auto* envelope = log_.facts().document(kept.license.document);
    if (envelope == nullptr || !judged_.insert(kept.license.document).second) continue;
    round->items.push_back({kept, *envelope});
  }
  if (round->items.empty()) return;
  work_.run(
      [round](const std::stop_token& stop) {
        for (auto& item : round->items) {
          if (stop.stop_requested()) return;
          const auto verdict = round->trust->verify_license(item.envelope);
          item.revoked = !verdict && verdict.error().code == "revoked";
        }
      },
      [this, round] { ended(*round); });
}

void RevocationReview::ended(const Round& round) {
  for (const auto& item : round.items) {
    if (!item.revoked) continue;
    const auto& kept = item.kept;
    log::warning(log::names::kLicenseWithdrawn,
                 {{"id", kept.license.id}, {"key", kept.key_id}, {"code", "revoked"}});
    log_.witness([&](Witness& w, Time now) {
      w.license_withdrawn(now, {kept.key_id, kept.license.document, kept.license.id, "revoked"});
    });
  }
}

}  // namespace latchkey
