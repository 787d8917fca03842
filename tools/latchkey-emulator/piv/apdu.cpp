#include "tools/latchkey-emulator/piv/apdu.h"

#include "core/base/big_endian.h"

namespace latchkey::emulator::piv {
namespace {

constexpr std::size_t kHeader = 4;

/// Zero asks for the most that the form can say.
std::size_t expected(std::size_t le, std::size_t most) { return le == 0 ? most : le; }

bool parse_short(ByteView body, Command& command) {
  if (body.size() == 1) {
    command.most = expected(body[0], 256);
    return true;
  }
  const std::size_t length = body[0];
  if (length == 0 || body.size() < 1 + length || body.size() > 2 + length) return false;
  command.data.assign(body.begin() + 1, body.begin() + 1 + static_cast<std::ptrdiff_t>(length));
  if (body.size() == 2 + length) command.most = expected(body.back(), 256);
  return true;
}

// `body` begins with the zero byte that says "extended".
bool parse_extended(ByteView body, Command& command) {
  command.extended = true;
  command.most = 65536;
  const auto length = get_u16(body, 1);
  if (body.size() == 3) {
    command.most = expected(length, 65536);
    return true;
  }
  const bool with_le = body.size() == 5 + length;
  if (length == 0 || (!with_le && body.size() != 3 + length)) return false;
  const auto data = body.subspan(3, length);
  command.data.assign(data.begin(), data.end());
  if (with_le) command.most = expected(get_u16(body, body.size() - 2), 65536);
  return true;
}

}  // namespace

std::optional<Command> parse_command(ByteView apdu) {
  if (apdu.size() < kHeader) return std::nullopt;
  Command command{.cla = apdu[0], .ins = apdu[1], .p1 = apdu[2], .p2 = apdu[3], .data = {}};
  const auto body = apdu.subspan(kHeader);
  if (body.empty()) return command;
  const bool extended = body[0] == 0 && body.size() >= 3;
  if (!(extended ? parse_extended(body, command) : parse_short(body, command))) return std::nullopt;
  return command;
}

Bytes response(Bytes data, std::uint16_t sw) {
  put_u16(data, sw);
  return data;
}

}  // namespace latchkey::emulator::piv
