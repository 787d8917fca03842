#pragma once

#include <string>
#include <string_view>

#include "core/base/keys.h"

namespace latchkey {

/// What a client site shows its upstream.
struct SiteKey {
  std::string key_pem;      ///< PKCS#8, Ed25519
  std::string request_pem;  ///< PKCS#10 (RFC 2986) for it
};

/// Follows from the deployment's key, so that both nodes of a site are one identity and no further
/// secret is kept; another one for each enrolment token. Error: `crypto-failed`.
Result<SiteKey> make_site_key(const PrivateKey& deployment_key, std::string_view token);

}  // namespace latchkey
