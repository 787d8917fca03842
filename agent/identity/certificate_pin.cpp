#include "agent/identity/certificate_pin.h"

#include <openssl/x509.h>

#include <memory>
#include <new>

#include "core/base/sha256.h"

namespace latchkey {

std::string pin_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) throw std::bad_alloc();
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(
      der, [](unsigned char* bytes) { OPENSSL_free(bytes); });
  return content_hash({der, static_cast<std::size_t>(size)});
}

}  // namespace latchkey
