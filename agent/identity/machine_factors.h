#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace latchkey {

/// What identifies this machine, in the clear: never leaves the agent's memory (SPEC REQ-2).
struct MachineFactors {
  std::map<std::string, std::string> values;  ///< factor name (core/deployment/fingerprint.h)
  std::vector<std::string> unreadable;        ///< there, and nobody let the agent read them
};

struct MachineSources {
  std::filesystem::path machine_id = "/etc/machine-id";  ///< machine-id(5)
  std::filesystem::path dmi = "/sys/class/dmi/id";
  /// What systemd read for us with its own rights, under the same names as in `dmi`; empty: nothing
  /// (LoadCredential= of the unit).
  std::filesystem::path credentials;
  std::filesystem::path tpm = "/dev/tpmrm0";  ///< through the kernel's resource manager
};
/// Where this process finds them.
MachineSources system_sources();

/// Blocks on files, and up to 2 s on a TPM that does not answer. Whatever is not there is simply
/// absent, and so is a value that a careless maker put into every machine ("To Be Filled By
/// O.E.M.").
MachineFactors read_machine_factors(const MachineSources& sources);

}  // namespace latchkey
