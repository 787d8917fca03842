#include "tools/latchkey-emulator/piv/management_key.h"

#include "drivers/piv/management_cipher.h"

namespace latchkey::emulator::piv {

ManagementKey ManagementKey::factory(BlockCipher cipher) {
  return {cipher, latchkey::piv::factory_management_key().value};
}

std::optional<ManagementKey> ManagementKey::create(std::uint8_t cipher, ByteView secret) {
  const auto known = latchkey::piv::management_algorithm(cipher);
  if (!known || secret.size() != latchkey::piv::key_size(*known)) return std::nullopt;
  return ManagementKey{*known, Bytes(secret.begin(), secret.end())};
}

Bytes ManagementKey::encrypt(ByteView block) const {
  return latchkey::piv::encrypt_block({cipher, secret}, block).value_or(Bytes{});
}

}  // namespace latchkey::emulator::piv
