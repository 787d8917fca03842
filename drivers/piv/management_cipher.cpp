#include "drivers/piv/management_cipher.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "core/base/openssl.h"

namespace latchkey::piv {
namespace {

using CipherContext = openssl::Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

const EVP_CIPHER* cipher_of(ManagementAlgorithm algorithm) {
  switch (algorithm) {
    case ManagementAlgorithm::des3:
      return EVP_des_ede3_ecb();
    case ManagementAlgorithm::aes128:
      return EVP_aes_128_ecb();
    case ManagementAlgorithm::aes192:
      return EVP_aes_192_ecb();
    case ManagementAlgorithm::aes256:
      return EVP_aes_256_ecb();
  }
  return nullptr;
}

std::optional<Bytes> crypt(const ManagementKey& key, ByteView block, int encrypting) {
  const auto* cipher = cipher_of(key.algorithm);
  const CipherContext context(EVP_CIPHER_CTX_new());
  Bytes out(block.size());
  int size = 0;
  if (cipher == nullptr || !context || key.value.size() != key_size(key.algorithm) ||
      block.size() != block_size(key.algorithm) ||
      EVP_CipherInit_ex2(context.get(), cipher, key.value.data(), nullptr, encrypting, nullptr) !=
          1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_CipherUpdate(context.get(), out.data(), &size, block.data(),
                       static_cast<int>(block.size())) != 1 ||
      static_cast<std::size_t>(size) != block.size()) {
    ERR_clear_error();
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::optional<Bytes> encrypt_block(const ManagementKey& key, ByteView block) {
  return crypt(key, block, 1);
}
std::optional<Bytes> decrypt_block(const ManagementKey& key, ByteView block) {
  return crypt(key, block, 0);
}

}  // namespace latchkey::piv
