#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/result.h"

struct evp_pkey_st;
struct x509_st;

namespace latchkey::peer {

/// What this node proves itself with towards its peer: an Ed25519 key in `tls.key` (PKCS#8 PEM,
/// 0600) and a certificate that signs itself. The certificate is made anew at each start: the pin
/// covers the key alone.
class TlsIdentity {
 public:
  /// Makes the key when there is none. Errors: `identity-damaged`, and those of the files.
  static Result<TlsIdentity> load_or_create(const std::filesystem::path& identity_dir);

  evp_pkey_st* key() const { return key_.get(); }
  x509_st* certificate() const { return certificate_.get(); }
  const std::string& pin() const { return pin_; }

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
  std::string pin_;
};

}  // namespace latchkey::peer
