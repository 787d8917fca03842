#pragma once

#include <span>
#include <string>

#include "agent/config/config.h"
#include "core/license/trust_chain.h"

namespace latchkey {

/// Whom the configuration says to believe.
struct ConfiguredTrust {
  RootSet roots;
  std::string file;  ///< of the bundle; empty: none
  Bytes bundle;      ///< its envelope, not verified yet
};

/// Reads the root keys and the bundle that the configuration names, or those of its directory.
/// Without roots nobody is believed: every license is then `license-invalid`. Errors: those of the
/// files and of PublicKey::from_pem, each with the file's name.
Result<ConfiguredTrust> load_trust(const Config::Trust& wanted);

/// The configured bundle, then `installed` ones in the order of their arrival (SPEC SEC-5). The
/// configured one may be the successor of installed ones. Errors, with the file's name: those of
/// TrustStore::accept for a configured bundle that counts neither before nor after the others.
Result<TrustChain> open_trust(const ConfiguredTrust& configured,
                              std::span<const Bytes* const> installed);

/// What of the configured files is wrong by itself, without a database: as load_trust(), and of the
/// bundle also `untrusted-signer`, which no error is where installed bundles name its root.
Result<void> check_trust(const Config::Trust& wanted);

}  // namespace latchkey
