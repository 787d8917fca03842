#include "core/pool/changed_machines.h"

#include <algorithm>
#include <utility>

namespace latchkey {
namespace {

bool is_of_interest(const EntitledDocument& document, Time now) {
  return document.environment && !document.environment->is_whole() &&
         document.superseded_by.empty() &&
         std::ranges::any_of(document.license->document.entries, [now](const LicenseEntry& entry) {
           return now < entry.validity.not_after;
         });
}

/// When its member told last what it is, or left for another; a license that was installed later
/// never knew better.
Time learned_at(const NodeFit& fit, std::span<const Fact> facts) {
  Time at{};
  for (const auto& fact : facts) {
    const auto* joined = std::get_if<NodeJoined>(&fact.body);
    const bool told = fact.node == fit.node && std::holds_alternative<NodeFactors>(fact.body);
    if (told || (joined && joined->replaces == fit.described)) at = fact.at;
  }
  return at;
}

Time installed_at(const StoredLicense& license, const Decision& decision) {
  const auto kept = std::ranges::find(decision.kept, license.hash, [](const KeptLicense& one) {
    return std::string_view(one.license.document);
  });
  return kept == decision.kept.end() ? decision.at : kept->imported_at;
}

}  // namespace

std::vector<ChangedMachine> changed_machines(const Decision& decision,
                                             const Entitlements& entitlements,
                                             std::span<const Fact> facts,
                                             const std::map<std::string, std::string>& names) {
  std::map<std::string, ChangedMachine> machines;
  for (const auto& document : entitlements.documents) {
    if (!is_of_interest(document, entitlements.at)) continue;
    const auto& environment = *document.environment;
    for (const auto& fit : environment.nodes) {
      if (fit.is_untouched()) continue;
      auto& machine = machines[fit.described];
      if (machine.license_ids.empty()) {
        const Time installed = installed_at(*document.license, decision);
        machine = {fit.described,
                   std::max(installed, learned_at(fit, facts)),
                   describe_misfit(fit, environment.required, names),
                   {},
                   false};
      }
      machine.license_ids.push_back(document.license->document.id);
      machine.denied = machine.denied || !environment.fits();
    }
  }
  std::vector<ChangedMachine> out;
  for (auto& [node, machine] : machines) out.push_back(std::move(machine));
  return out;
}

}  // namespace latchkey
