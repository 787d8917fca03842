#include "tools/latchkey-emulator/ccid/message.h"

#include <algorithm>

namespace latchkey::emulator::ccid {
namespace {

constexpr std::uint8_t kFailed = 0x40, kTimeExtension = 0x80;  // bmCommandStatus

void put_header(Bytes& out, const Reply& reply, std::size_t length) {
  out.push_back(static_cast<std::uint8_t>(reply.type));
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<std::uint8_t>(length >> shift));
  out.push_back(reply.slot);
  out.push_back(reply.sequence);
}

}  // namespace

std::uint32_t data_length(ByteView header) {
  std::uint32_t length = 0;
  for (std::size_t i = 4; i >= 1; --i) length = length << 8 | header[i];
  return length;
}

Request parse_request(ByteView message) {
  Request request{.type = static_cast<Command>(message[0]),
                  .slot = message[5],
                  .sequence = message[6],
                  .data = message.subspan(kHeaderSize, data_length(message))};
  std::ranges::copy(message.subspan(7, 3), request.parameters.begin());
  return request;
}

Bytes encode(const Reply& reply) {
  Bytes out;
  put_header(out, reply, reply.data.size());
  out.push_back(static_cast<std::uint8_t>(static_cast<std::uint8_t>(reply.icc) |
                                          (reply.failed ? kFailed : 0)));
  out.insert(out.end(), {reply.error, reply.detail});
  out.insert(out.end(), reply.data.begin(), reply.data.end());
  return out;
}

Bytes time_extension(const Reply& reply) {
  Bytes out;
  put_header(out, reply, 0);
  constexpr std::uint8_t kMultiplier = 1;  // of the block waiting time
  out.push_back(kTimeExtension | static_cast<std::uint8_t>(reply.icc));
  out.insert(out.end(), {kMultiplier, 0});
  return out;
}

}  // namespace latchkey::emulator::ccid
