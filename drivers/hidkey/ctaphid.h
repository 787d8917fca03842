#pragma once

#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "drivers/usb/report_pipe.h"

// Packets and messages of CTAPHID (FIDO CTAP 2.1 section 11.2), for both sides of the wire.
// docs/protocol-hidkey.md section 3 says what a Latchkey key uses of it.
namespace latchkey::ctaphid {

inline constexpr std::size_t kInitData = 57;
inline constexpr std::size_t kContinuationData = 59;
inline constexpr std::size_t kMaxMessage = kInitData + 128 * kContinuationData;
inline constexpr std::uint32_t kBroadcast = 0xFFFFFFFF;
inline constexpr std::size_t kNonceSize = 8;
inline constexpr std::size_t kInitAnswerSize = 17;
inline constexpr std::uint8_t kVersion = 2;  ///< the CTAPHID version in an INIT answer

/// CTAPHID's own commands; hidkey::Command continues them in the vendor range.
enum class Command : std::uint8_t {
  ping = 0x01,
  init = 0x06,
  cancel = 0x11,
  keepalive = 0x3B,
  error = 0x3F,
};

enum class ErrorCode : std::uint8_t {
  invalid_command = 0x01,
  invalid_parameter = 0x02,
  invalid_length = 0x03,
  invalid_sequence = 0x04,
  message_timeout = 0x05,
  channel_busy = 0x06,
  invalid_channel = 0x0B,
  empty = 0x40,
  digest = 0x41,
  storage = 0x42,
  write_protected = 0x43,
  no_key = 0x44,
  other = 0x7F,
};

struct Message {
  std::uint32_t channel = 0;
  std::uint8_t command = 0;  ///< without the initialisation bit
  Bytes payload;
};

/// The packets of a message, zero-padded. `payload` has at most kMaxMessage bytes.
std::vector<Report> split(const Message& message);

/// The fixed fields of one packet; any 64 bytes are one.
struct Packet {
  explicit Packet(const Report& report);
  bool is(Command wanted) const { return initial && command == static_cast<std::uint8_t>(wanted); }

  std::uint32_t channel;
  bool initial;           ///< an initialisation packet, else a continuation
  std::uint8_t command;   ///< of an initialisation packet
  std::size_t length;     ///< of an initialisation packet: the whole payload's, as claimed
  std::uint8_t sequence;  ///< of a continuation
  ByteView data;          ///< kInitData or kContinuationData bytes of the report, padding included
};

/// Puts one message together from the packets of one channel. Never holds more than kMaxMessage
/// bytes.
class Assembler {
 public:
  enum class Step { more, complete, bad_length, bad_sequence };

  /// Begins with an initialisation packet, whatever went before.
  Step begin(const Packet& packet);
  /// Goes on with a continuation; only after `more`.
  Step add(const Packet& packet);

  const Message& message() const { return message_; }
  Message take() { return std::move(message_); }

 private:
  Step append(ByteView data);

  Message message_;
  std::size_t length_ = 0;
  std::uint8_t next_sequence_ = 0;
};

}  // namespace latchkey::ctaphid
