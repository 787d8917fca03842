#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/random.h"
#include "core/base/result.h"

// What opens a PIV token for writing: the key of slot 9B.
namespace latchkey::piv {

/// Values are those of SP 800-78-4 table 6-2.
enum class ManagementAlgorithm : std::uint8_t {
  des3 = 0x03,
  aes128 = 0x08,
  aes192 = 0x0A,
  aes256 = 0x0C,
};
std::string_view to_string(ManagementAlgorithm algorithm);  ///< `3des`, `aes128`, …
std::optional<ManagementAlgorithm> parse_management_algorithm(std::string_view name);
/// Of the value that a token names; nothing for one that is none of ours.
std::optional<ManagementAlgorithm> management_algorithm(std::uint8_t value);
std::size_t key_size(ManagementAlgorithm algorithm);    ///< bytes
std::size_t block_size(ManagementAlgorithm algorithm);  ///< bytes

struct ManagementKey {
  ManagementAlgorithm algorithm = ManagementAlgorithm::des3;
  Bytes value;  ///< key_size(algorithm) bytes
  bool operator==(const ManagementKey&) const = default;
};

/// The key that tokens are sold with, 0102030405060708 three times, for 3DES and AES-192 alike.
ManagementKey factory_management_key();
/// Error: `no-random`.
Result<ManagementKey> new_management_key(ManagementAlgorithm algorithm, const FillRandom& random);

/// Management keys by key ID (core/usbkey/key_id.h). Text form: one `KEY-ID ALGORITHM HEX` a line;
/// empty lines and lines that begin with # count for nothing; of two lines for one key ID the later
/// one holds.
class ManagementKeys {
 public:
  /// Error: `invalid-management-keys`, with the number of the line.
  static Result<ManagementKeys> parse(std::string_view text);
  /// At most 1 MiB. Errors: `cannot-read`, `insecure-management-keys` when the file is not its
  /// owner's alone (mode 0600), `invalid-management-keys`.
  static Result<ManagementKeys> load(const std::string& path);
  /// One line of the text form, with its line end.
  static std::string line(std::string_view key_id, const ManagementKey& key);

  /// What keys without a line have: for a vendor's desk, where tokens are new.
  void set_fallback(ManagementKey key) { fallback_ = std::move(key); }
  /// Null when none is known.
  const ManagementKey* find(std::string_view key_id) const;
  bool operator==(const ManagementKeys&) const = default;

 private:
  std::map<std::string, ManagementKey, std::less<>> keys_;
  std::optional<ManagementKey> fallback_;
};

}  // namespace latchkey::piv
