#pragma once

#include <array>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/sha256.h"

// The key commands of docs/protocol-hidkey.md section 4, for both sides of the wire.
namespace latchkey::hidkey {

inline constexpr std::uint8_t kProtocolVersion = 1;

enum class Command : std::uint8_t {
  hello = 0x40,
  public_key = 0x41,
  prove = 0x42,
  read = 0x43,
  write = 0x44,
  commit = 0x45,
  stamp_read = 0x46,
  stamp_write = 0x47,
};

enum class Algorithm : std::uint8_t { ed25519 = 1, p256 = 2 };

inline constexpr std::uint8_t kCanWriteLicense = 0x01;
inline constexpr std::uint8_t kHasStamp = 0x02;
inline constexpr std::uint8_t kNoSlot = 0xFF;

inline constexpr std::size_t kChallengeSize = 32;
inline constexpr std::size_t kMaxPublicKey = 256;
inline constexpr std::size_t kMaxSignature = 72;
inline constexpr std::size_t kMaxSlot = 65536;
inline constexpr std::size_t kStampSize = 1024;
/// What a host asks for at once: the answer fits into the 64 reports that Linux keeps per open
/// hidraw file.
inline constexpr std::size_t kChunk = 3072;

struct SlotInfo {
  bool committed = false;
  std::uint32_t generation = 0;
  std::uint32_t length = 0;
  Digest digest{};
  bool operator==(const SlotInfo&) const = default;
};

struct Hello {
  std::array<std::uint8_t, 3> firmware{};
  Algorithm algorithm = Algorithm::ed25519;
  std::uint8_t capabilities = 0;
  std::uint32_t slot_capacity = 0;
  std::uint16_t stamp_capacity = 0;
  std::uint8_t winner = kNoSlot;
  Digest key_digest{};  ///< SHA-256 of the public key's DER
  std::array<SlotInfo, 2> slots;
  bool operator==(const Hello&) const = default;
};

Bytes encode(const Hello& hello);

/// Nothing unless every field is in its range: version and algorithm known, lengths within
/// capacities, the winner committed and not empty.
std::optional<Hello> parse_hello(ByteView answer);

struct ReadRequest {
  std::uint8_t slot = 0;
  std::uint32_t offset = 0;
  std::uint16_t length = 0;
};
Bytes encode(const ReadRequest& request);
std::optional<ReadRequest> parse_read(ByteView payload);

struct WriteRequest {
  std::uint8_t slot = 0;
  std::uint32_t offset = 0;
  ByteView data;
};
Bytes encode(const WriteRequest& request);
std::optional<WriteRequest> parse_write(ByteView payload);  ///< `data` points into `payload`

struct CommitRequest {
  std::uint8_t slot = 0;
  std::uint32_t length = 0;
  Digest digest{};
};
Bytes encode(const CommitRequest& request);
std::optional<CommitRequest> parse_commit(ByteView payload);

}  // namespace latchkey::hidkey
