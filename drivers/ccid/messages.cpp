#include "drivers/ccid/messages.h"

#include "drivers/ccid/wire.h"

namespace latchkey::ccid {

Bytes encode(Command command, std::uint8_t sequence, std::uint8_t parameter, ByteView data) {
  Bytes message{static_cast<std::uint8_t>(command)};
  put_u32(message, static_cast<std::uint32_t>(data.size()));
  message.push_back(0);  // bSlot
  message.push_back(sequence);
  if (command == Command::xfr_block) {
    message.push_back(0);  // bBWI: the reader's own waiting time
    put_u16(message, parameter);
  } else {
    message.push_back(parameter);
    put_u16(message, 0);
  }
  message.insert(message.end(), data.begin(), data.end());
  return message;
}

std::optional<Reply> parse_reply(ByteView message) {
  if (message.size() < kHeaderSize) return std::nullopt;
  const std::size_t length = get_u32(message, 1);
  if (length > message.size() - kHeaderSize) return std::nullopt;
  const auto data = message.subspan(kHeaderSize, length);
  const auto status = message[7];
  return Reply{static_cast<Answer>(message[0]),
               message[5],
               message[6],
               static_cast<Reply::Icc>(status & 0x03),
               static_cast<Reply::Status>(status >> 6),
               message[8],
               static_cast<Chain>(message[9]),
               {data.begin(), data.end()}};
}

}  // namespace latchkey::ccid
