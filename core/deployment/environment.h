#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/deployment/fingerprint.h"
#include "core/license/document.h"

namespace latchkey {

/// How one machine that a license describes compares with the member that resembles it most.
struct NodeFit {
  std::string described;  ///< node id in the license
  std::string node;       ///< that member's id; empty: none has its id or any of its factors
  FingerprintMatch match;
  std::vector<std::string> unreadable;  ///< of match.missing, what the agent may not read
  bool same = false;                    ///< still this machine: k of n factors match

  /// And nothing that the license describes of it has moved or is missing.
  bool is_untouched() const { return same && match.moved.empty() && match.missing.empty(); }
};

/// Whether a file license is for this deployment as it is now (SPEC LIC-4, REQ-2).
struct EnvironmentFit {
  bool deployment = false;     ///< issued for this deployment's request key
  std::uint64_t required = 0;  ///< how many factors of a node must match
  std::vector<NodeFit> nodes;  ///< in the order of the license; empty without `deployment`

  /// The license may be used: one of its machines is still a member.
  bool fits() const;
  /// And nothing that it describes has moved or is missing: no reason to order anew.
  bool is_whole() const;
};

/// `members` is Decision::factors: what each member told last of its machine, so an unreachable
/// member still counts. Machines are recognised by their factors, not by node id: a node that was
/// installed anew on the same machine has another id.
EnvironmentFit fit_environment(const DeploymentBinding& binding, const DeploymentId& deployment,
                               const std::map<std::string, NodeFactors>& members);

/// What does not fit of one machine, for people: "node alfa: dmi-uuid changed (1 of 2 factors
/// match, 2 needed)"; empty when it is untouched. `names`: node id -> what people call it.
std::string describe_misfit(const NodeFit& fit, std::uint64_t required,
                            const std::map<std::string, std::string>& names);

/// Of all of them; empty when all is whole.
std::string describe_misfit(const EnvironmentFit& fit,
                            const std::map<std::string, std::string>& names);

}  // namespace latchkey
