#include "agent/app/trust_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/app/trust_json.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;
namespace names = log::names;

const TrustInstalled* as_installed(const Fact& fact) {
  return std::get_if<TrustInstalled>(&fact.body);
}

}  // namespace

TrustDesk::TrustDesk(Parts parts, ConfiguredTrust configured, TrustChain chain)
    : parts_(std::move(parts)), configured_(std::move(configured)), chain_(std::move(chain)) {
  parts_.log.facts().news(seen_);  // they are in the chain
}

void TrustDesk::look() {
  bool news = false;
  for (const auto& entry : parts_.log.facts().news(seen_)) {
    const auto* installed = as_installed(entry.stored.fact);
    const auto* bundle = installed ? parts_.log.facts().document(installed->document) : nullptr;
    if (bundle == nullptr) continue;
    const auto outcome = chain_.offer(*bundle);
    news = news || outcome.has_value();
    if (!outcome)
      log::warning(names::kTrustRefused, {{"code", outcome.error().code},
                                          {"detail", outcome.error().message},
                                          {"by", installed->by},
                                          {"node", entry.stored.fact.node}});
  }
  if (news) take_effect();
}

Result<void> TrustDesk::configure(ConfiguredTrust configured) {
  std::vector<const Bytes*> bundles;
  const auto& facts = parts_.log.facts();
  for (const auto& entry : facts.entries())
    if (const auto* installed = as_installed(entry.stored.fact))
      if (const auto* bundle = facts.document(installed->document)) bundles.push_back(bundle);
  LK_TRY(chain_, open_trust(configured, bundles));
  configured_ = std::move(configured);
  take_effect();
  return {};
}

void TrustDesk::take_effect() {
  parts_.settings->set_trust(chain_.trust());
  log::info(names::kTrustInForce, {{"version", std::to_string(chain_.trust().version())},
                                   {"document", chain_.in_force()}});
  parts_.changed();
}

/// Where the bundle in force came from.
Json TrustDesk::origin() const {
  if (chain_.in_force().empty()) return nullptr;
  if (!configured_.file.empty() && content_hash(configured_.bundle) == chain_.in_force())
    return {{"from", "configuration"}, {"file", configured_.file}};
  const auto& entries = parts_.log.facts().entries();
  const auto entry = std::ranges::find_if(entries, [&](const FactLog::Entry& one) {
    const auto* installed = as_installed(one.stored.fact);
    return installed != nullptr && installed->document == chain_.in_force();
  });
  if (entry == entries.end()) return nullptr;
  const auto& fact = entry->stored.fact;
  return {{"from", "installed"},
          {"at", format_time(fact.at)},
          {"by", as_installed(fact)->by},
          {"node", fact.node},
          {"node_name", name_of(fact.node, parts_.names())}};
}

Json TrustDesk::show() const {
  auto body = trust_json(chain_.trust(), parts_.log.decide(parts_.clock.now()).at);
  body["document"] = chain_.in_force();
  body["origin"] = origin();
  return body;
}

}  // namespace latchkey
