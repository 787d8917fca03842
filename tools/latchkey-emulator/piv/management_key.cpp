#include "tools/latchkey-emulator/piv/management_key.h"

#include <openssl/evp.h>

#include "core/base/openssl.h"

namespace latchkey::emulator::piv {
namespace {

const EVP_CIPHER* evp(BlockCipher cipher) {
  switch (cipher) {
    case BlockCipher::des3:
      return EVP_des_ede3_ecb();
    case BlockCipher::aes128:
      return EVP_aes_128_ecb();
    case BlockCipher::aes192:
      return EVP_aes_192_ecb();
    case BlockCipher::aes256:
      return EVP_aes_256_ecb();
  }
  return nullptr;
}

}  // namespace

ManagementKey ManagementKey::factory(BlockCipher cipher) {
  ManagementKey key{.cipher = cipher, .secret = {}};
  for (int i = 0; i < 24; ++i) key.secret.push_back(static_cast<std::uint8_t>(i % 8 + 1));
  return key;
}

std::optional<ManagementKey> ManagementKey::create(std::uint8_t cipher, ByteView secret) {
  const auto* method = evp(static_cast<BlockCipher>(cipher));
  if (method == nullptr ||
      secret.size() != static_cast<std::size_t>(EVP_CIPHER_get_key_length(method)))
    return std::nullopt;
  return ManagementKey{static_cast<BlockCipher>(cipher), Bytes(secret.begin(), secret.end())};
}

Bytes ManagementKey::encrypt(ByteView block) const {
  const openssl::Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  Bytes out(block.size());
  int size = 0;
  const bool done =
      context && block.size() == block_size() &&
      EVP_EncryptInit_ex(context.get(), evp(cipher), nullptr, secret.data(), nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
      EVP_EncryptUpdate(context.get(), out.data(), &size, block.data(),
                        static_cast<int>(block.size())) == 1;
  if (!done) return {};
  return out;
}

}  // namespace latchkey::emulator::piv
