#include "core/deployment/environment.h"

#include <algorithm>
#include <tuple>

namespace latchkey {
namespace {

using Members = std::map<std::string, NodeFactors>;

std::vector<std::string> common(const std::vector<std::string>& a,
                                const std::vector<std::string>& b) {
  std::vector<std::string> out;
  for (const auto& name : a)
    if (std::ranges::find(b, name) != b.end()) out.push_back(name);
  return out;
}

NodeFit fit_node(const NodeFingerprint& described, std::uint64_t required,
                 const DeploymentId& deployment, const Members& members) {
  NodeFit best{described.node, "", match_fingerprint(described.factors, {}), {}, false};
  const auto rank = [&](const NodeFit& fit) {
    return std::tuple(fit.match.matching.size(), fit.node == described.node);
  };
  for (const auto& [node, told] : members) {
    if (told.deployment != deployment) continue;  // with another salt nothing compares
    auto match = match_fingerprint(described.factors, told.factors);
    auto unreadable = common(match.missing, told.unreadable);
    const bool same = is_same_machine(match, required);
    NodeFit fit{described.node, node, std::move(match), std::move(unreadable), same};
    if (rank(fit) > rank(best)) best = std::move(fit);
  }
  return best;
}

void append(std::string& text, const std::vector<std::string>& factors, std::string_view what) {
  if (factors.empty()) return;
  for (const auto& name : factors) text.append(text.empty() ? "" : ", ").append(name);
  text.append(" ").append(what);
}

std::string describe_node(const NodeFit& fit, std::uint64_t required,
                          const std::map<std::string, std::string>& names) {
  const auto& id = fit.node.empty() ? fit.described : fit.node;
  const auto named = names.find(id);
  auto text = "node " + (named == names.end() ? id : named->second) + ": ";
  if (fit.node.empty()) return text + "no node of this deployment is that machine";
  const auto& match = fit.match;
  auto gone = match.missing;
  std::erase_if(gone, [&](const auto& name) {
    return std::ranges::find(fit.unreadable, name) != fit.unreadable.end();
  });
  std::string what;
  append(what, match.moved, "changed");
  append(what, gone, "missing");
  append(what, fit.unreadable, "unreadable");
  const auto described = match.matching.size() + match.moved.size() + match.missing.size();
  if (described == 0) return text + "the license does not describe its machine";
  return text + what + " (" + std::to_string(match.matching.size()) + " of " +
         std::to_string(described) + " factors match, " + std::to_string(required) + " needed)";
}

}  // namespace

bool EnvironmentFit::fits() const {
  return std::ranges::any_of(nodes, [](const NodeFit& fit) { return fit.same; });
}

bool EnvironmentFit::is_whole() const {
  return fits() && std::ranges::all_of(nodes, &NodeFit::is_untouched);
}

EnvironmentFit fit_environment(const DeploymentBinding& binding, const DeploymentId& deployment,
                               const Members& members) {
  EnvironmentFit fit{binding.deployment == deployment, binding.required, {}};
  if (!fit.deployment) return fit;
  for (const auto& described : binding.nodes)
    fit.nodes.push_back(fit_node(described, binding.required, deployment, members));
  return fit;
}

std::string describe_misfit(const NodeFit& fit, std::uint64_t required,
                            const std::map<std::string, std::string>& names) {
  return fit.is_untouched() ? std::string() : describe_node(fit, required, names);
}

std::string describe_misfit(const EnvironmentFit& fit,
                            const std::map<std::string, std::string>& names) {
  if (!fit.deployment) return "it is bound to another deployment";
  if (fit.nodes.empty()) return "it describes no machine";
  std::string text;
  for (const auto& node : fit.nodes)
    if (!node.is_untouched())
      text += (text.empty() ? "" : "; ") + describe_node(node, fit.required, names);
  return text;
}

}  // namespace latchkey
