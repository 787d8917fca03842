#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey {

/// What a certificate (RFC 5280) says. For .cpp files only: it drags OpenSSL in.
struct CertificateForm {
  std::string name;         ///< CN
  std::string id;           ///< serialNumber of the subject; empty: none
  EVP_PKEY* key = nullptr;  ///< that it is for
  Time from, until;
  std::vector<std::pair<int, std::string>> extensions;  ///< NID and value (x509v3_config(5))
};
/// `issuer` null: it signs itself. Error: `crypto-failed`.
Result<std::shared_ptr<X509>> build_certificate(const CertificateForm& form, EVP_PKEY* issuer_key,
                                                X509* issuer);
/// Error: `crypto-failed`.
Result<std::string> certificate_pem(X509* certificate);

}  // namespace latchkey
