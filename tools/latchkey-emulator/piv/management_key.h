#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"

namespace latchkey::emulator::piv {

/// As P1 of GENERAL AUTHENTICATE names them (NIST SP 800-78-4 table 6-2).
enum class BlockCipher : std::uint8_t { des3 = 0x03, aes128 = 0x08, aes192 = 0x0A, aes256 = 0x0C };

/// The card management key 9B.
struct ManagementKey {
  BlockCipher cipher = BlockCipher::des3;
  Bytes secret;

  /// What every token leaves its factory with: 24 well-known bytes.
  static ManagementKey factory(BlockCipher cipher);
  /// Nothing when the cipher is unknown or the length is not its own.
  static std::optional<ManagementKey> create(std::uint8_t cipher, ByteView secret);

  std::size_t block_size() const { return cipher == BlockCipher::des3 ? 8 : 16; }
  /// One block; empty when the library refuses.
  Bytes encrypt(ByteView block) const;
  bool operator==(const ManagementKey&) const = default;
};

}  // namespace latchkey::emulator::piv
