#include "agent/app/request_desk.h"

#include <algorithm>
#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/deployment/request_key.h"
#include "latchkey_version.h"

namespace latchkey {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ",") + name;
  return out;
}

}  // namespace

RequestDesk::RequestDesk(NodeLog& log, const Identity& identity, MachineFactors machine,
                         std::function<NodeNames()> names)
    : log_(log), identity_(identity), machine_(std::move(machine)), names_(std::move(names)) {}

void RequestDesk::tell_factors() {
  if (told_ == identity_.deployment_id()) return;
  const auto salt = factor_salt(identity_.deployment_key());
  if (!salt) return log::error(log::names::kFactorsFailed, {{"code", salt.error().code}});
  told_ = identity_.deployment_id();
  NodeFactors factors{told_, {}, machine_.unreadable};
  for (const auto& [name, value] : machine_.values)
    factors.factors.emplace(name, salted_factor(*salt, name, value));
  log_.witness([&](Witness& w, Time now) {
    const auto known = w.decide(now).factors;
    if (const auto before = known.find(identity_.node_id()); before != known.end())
      log_changes(before->second, factors);
    w.node_factors(now, factors);
  });
}

/// SPEC REQ-2: names the factor that moved.
void RequestDesk::log_changes(const NodeFactors& before, const NodeFactors& now) {
  if (before.deployment != now.deployment) return;  // with another salt nothing compares
  const auto match = match_fingerprint(before.factors, now.factors);
  if (match.moved.empty() && match.missing.empty()) return;
  log::warning(log::names::kFactorsChanged,
               {{"moved", joined(match.moved)}, {"missing", joined(match.missing)}});
}

Result<std::string> RequestDesk::request_key(const Decision& decision) const {
  RequestKey request{identity_.deployment_id(), kVersion, decision.at, {}};
  auto members = decision.nodes;
  if (std::ranges::find(members, identity_.node_id()) == members.end())
    members.push_back(identity_.node_id());
  const auto names = names_();
  for (const auto& node : members) {
    RequestKeyNode entry{node, name_of(node, names), {}, {}};
    const auto told = decision.factors.find(node);
    if (told != decision.factors.end() && told->second.deployment == request.deployment) {
      entry.factors = told->second.factors;
      entry.unreadable = told->second.unreadable;
    }
    request.nodes.push_back(std::move(entry));
  }
  return make_request_key(request, identity_.deployment_key());
}

}  // namespace latchkey
