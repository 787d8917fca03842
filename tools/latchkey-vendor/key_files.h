#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/keys.h"
#include "core/license/trust_store.h"
#include "tools/latchkey-vendor/session.h"

// A vendor's key is a family of files under one prefix: PREFIX.key (encrypted private key,
// or the PKCS#11 URI of one), PREFIX.pub, and for an issuing key PREFIX.issuer.json. Options name
// the prefix, or any of the files.
namespace latchkey::vendor {

/// Where a new key comes from: made here, or already in a hardware security module.
struct KeySource {
  std::string algorithm = "ed25519";
  std::string uri;  ///< hsm.h; empty: made here
};

/// Makes PREFIX.key and PREFIX.pub; refuses to overwrite.
Result<PrivateKey> create_key(const std::string& prefix, const KeySource& source,
                              const Session& session);
/// Error of its own: `other-key`, when the module has come to hold another key than PREFIX.pub.
Result<PrivateKey> open_private_key(const std::string& prefix, const Session& session);
Result<PublicKey> open_public_key(const std::string& prefix);
Result<void> save_issuer(const std::string& prefix, const Issuer& issuer);
Result<Issuer> open_issuer(const std::string& prefix);

Result<std::vector<PrivateKey>> open_private_keys(const std::vector<std::string>& prefixes,
                                                  const Session& session);
Result<RootSet> open_roots(const std::vector<std::string>& prefixes, std::size_t threshold);

/// The trust that `verify` and `provision` work with: roots and, if named, a bundle.
struct TrustOptions {
  std::vector<std::string> roots;
  std::size_t threshold = 1;
  std::string bundle;
};
Result<TrustStore> open_trust(const TrustOptions& options);
/// The envelope of a bundle; never of one that no agent reads. Errors: those of
/// parse_trust_bundle().
Result<std::string> sign_trust(const TrustBundle& bundle, std::span<const PrivateKey> roots);

/// What an agent's administrator would be told of a signature, with the cure of who has the keys.
tl::unexpected<Error> at_the_vendor(Error error);

}  // namespace latchkey::vendor
