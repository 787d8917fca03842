#pragma once

#include <string>

#include "tools/latchkey/bundle/bundle.h"
#include "tools/latchkey/context.h"
#include "tools/latchkey/doctor.h"

namespace latchkey::cli {

struct BundleOptions {
  std::string file;  ///< `-`: standard output
  std::string config = "/etc/latchkey/agent.toml";
};

/// What this caller can see of the agent and the machine, swept (sweep.h).
Bundle collect(const net::ApiClient& client, const Machine& machine, const Findings& findings,
               const BundleOptions& options);

/// Collects it and writes the archive, a new file of mode 0600. Errors: `file-exists`,
/// `cannot-write`, `is-terminal`.
Result<void> write_bundle(Context& context, const Machine& machine, const Findings& findings,
                          const BundleOptions& options);

}  // namespace latchkey::cli
