#include "core/base/sha256.h"

#include <openssl/evp.h>

#include <memory>
#include <new>

namespace latchkey {

namespace {

/// Looked up by its name once, not for each digest: for a fact that costs as much as the digest.
const EVP_MD* algorithm() {
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kSha256;
}

}  // namespace

Digest sha256(std::initializer_list<ByteView> parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  Digest digest{};
  bool ok = context && EVP_DigestInit_ex(context.get(), algorithm(), nullptr) == 1;
  for (const auto part : parts)
    ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  // The only way SHA-256 fails on valid input is an allocation failure.
  if (!ok || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) throw std::bad_alloc();
  return digest;
}

std::string content_hash(ByteView bytes) { return to_hex(sha256(bytes)); }

}  // namespace latchkey
