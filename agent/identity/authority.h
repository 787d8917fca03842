#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/keys.h"
#include "core/base/result.h"
#include "core/base/time.h"

struct evp_pkey_st;
struct x509_st;

namespace latchkey {

/// The deployment as its own small certificate authority (docs/decisions/0015): its ECDSA P-256 key
/// follows from the deployment's key, which both nodes have, so that what one of them issues is
/// good on the other and one pin is enough for both.
class Authority {
 public:
  /// Error: `crypto-failed`.
  static Result<Authority> create(const PrivateKey& deployment_key);

  const std::string& certificate_pem() const { return pem_; }
  /// Lower-case hex SHA-256 of its SubjectPublicKeyInfo; the same on both nodes.
  const std::string& pin() const { return pin_; }

  struct Subject {
    std::string name;  ///< CN
    std::string id;    ///< serialNumber (X.520)
  };
  /// A client's certificate in PEM, without the chain; ten years, for revocation is what ends it.
  Result<std::string> issue_client(const PublicKey& key, const Subject& subject, Time now) const;

  struct ServerCertificate {
    std::string chain_pem;  ///< its own, then the CA's
    std::string key_pem;
    Time renew_after;
  };
  /// For `names`, host names and addresses; a new P-256 key each time. Errors: `server-name` (what
  /// is neither), `crypto-failed`.
  Result<ServerCertificate> issue_server(const std::vector<std::string>& names, Time now) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
  std::string pem_;
  std::string pin_;
};

/// The key that a certificate request (RFC 2986, PEM) was made for, and whose holder signed it;
/// P-256, P-384 or Ed25519. Nothing else of the request counts. Hostile input, at most 8 KiB.
/// Error: `request-invalid`.
Result<PublicKey> key_of_request(std::string_view pem);

}  // namespace latchkey
