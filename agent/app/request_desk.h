#pragma once

#include <functional>
#include <string>

#include "agent/app/node_log.h"
#include "agent/app/records.h"
#include "agent/identity/identity.h"
#include "agent/identity/machine_factors.h"

namespace latchkey {

/// Tells the deployment what this node's machine is, and makes the request key that covers all its
/// nodes (SPEC REQ-1, REQ-2). Reactor thread only.
class RequestDesk {
 public:
  /// References outlive the desk.
  RequestDesk(NodeLog& log, const Identity& identity, MachineFactors machine,
              std::function<NodeNames()> names);

  /// The facts carry this machine's factors with the deployment's salt; again after the node joined
  /// another deployment. Says nothing twice.
  void tell_factors();

  /// The envelope, for the deployment as `decision` has it. Works in every state (SPEC QUOTA-4).
  /// Errors: those of make_request_key().
  Result<std::string> request_key(const Decision& decision) const;

 private:
  static void log_changes(const NodeFactors& before, const NodeFactors& now);

  NodeLog& log_;
  const Identity& identity_;
  const MachineFactors machine_;
  std::function<NodeNames()> names_;
  DeploymentId told_;  ///< whose salt was used last
};

}  // namespace latchkey
