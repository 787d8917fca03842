#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/deployment/fact.h"
#include "core/pool/entitlement.h"

namespace latchkey {

/// A machine that file licenses describe and that is not what they describe any more, in part or as
/// a whole (SPEC REQ-2).
struct ChangedMachine {
  std::string node;                      ///< its node id in the licenses
  Time since;                            ///< when the deployment learned of it
  std::string what;                      ///< for people: which node, which factor
  std::vector<std::string> license_ids;  ///< that describe it, in the order of their installation
  bool denied = false;                   ///< some of them does not count for that
};

/// Of licenses that were not replaced and have not expired; by node id, each once. `facts` in their
/// canonical order. Pure, and the same on both nodes.
std::vector<ChangedMachine> changed_machines(const Decision& decision,
                                             const Entitlements& entitlements,
                                             std::span<const Fact> facts,
                                             const std::map<std::string, std::string>& names);

}  // namespace latchkey
