#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "drivers/piv/management_keys.h"

namespace latchkey::emulator::piv {

using BlockCipher = latchkey::piv::ManagementAlgorithm;

/// The card management key 9B.
struct ManagementKey {
  BlockCipher cipher = BlockCipher::des3;
  Bytes secret;

  /// What every token leaves its factory with: 24 well-known bytes.
  static ManagementKey factory(BlockCipher cipher);
  /// Nothing when the cipher is unknown or the length is not its own.
  static std::optional<ManagementKey> create(std::uint8_t cipher, ByteView secret);

  std::size_t block_size() const { return latchkey::piv::block_size(cipher); }
  /// One block; empty when the library refuses.
  Bytes encrypt(ByteView block) const;
  bool operator==(const ManagementKey&) const = default;
};

}  // namespace latchkey::emulator::piv
