#include "core/base/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <array>

#include "core/base/same_secret.h"

namespace latchkey {

HmacSha256::HmacSha256(ByteView key) {
  auto* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  context_ = EVP_MAC_CTX_new(algorithm);
  EVP_MAC_free(algorithm);
  char digest[] = "SHA256";
  const std::array parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1),
      OSSL_PARAM_construct_end()};
  if (context_ == nullptr || EVP_MAC_init(context_, key.data(), key.size(), parameters.data()) == 1)
    return;
  EVP_MAC_CTX_free(context_);
  context_ = nullptr;
}

HmacSha256::~HmacSha256() { EVP_MAC_CTX_free(context_); }

bool HmacSha256::mac(ByteView message, Digest& out) {
  std::size_t size = 0;
  // Without a key it begins anew with the one that it has.
  return context_ != nullptr && EVP_MAC_init(context_, nullptr, 0, nullptr) == 1 &&
         EVP_MAC_update(context_, message.data(), message.size()) == 1 &&
         EVP_MAC_final(context_, out.data(), &size, out.size()) == 1 && size == out.size();
}

bool HmacSha256::verify(ByteView message, ByteView mac) {
  Digest own{};
  return this->mac(message, own) && same_secret(mac, own);
}

}  // namespace latchkey
