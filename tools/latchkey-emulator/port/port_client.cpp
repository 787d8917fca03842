#include "tools/latchkey-emulator/port/port_client.h"

#include <poll.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/base/json.h"
#include "drivers/usb/unix_socket.h"

namespace latchkey::emulator {
namespace {

using nlohmann::json;

constexpr int kPatienceMs = 5000;
constexpr std::size_t kAnswerLimit = std::size_t{1} << 17;

tl::unexpected<Error> unreachable(const std::string& path, int error) {
  return fail("emulator-unreachable",
              "The emulator at " + path + ": " + std::generic_category().message(error) + ".",
              "Start `latchkey-emulator serve`, and name one of its sockets.");
}

}  // namespace

Result<std::string> send_command(const std::string& socket_path,
                                 const std::vector<std::string>& arguments) {
  const auto socket = connect_seqpacket(socket_path);
  if (!socket) return unreachable(socket_path, socket.error());
  const auto request = json{{"op", "command"}, {"args", arguments}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
  if (const int error = send_packet(socket->get(), as_bytes(request)))
    return unreachable(socket_path, error);
  pollfd readable{socket->get(), POLLIN, 0};
  if (::poll(&readable, 1, kPatienceMs) <= 0) return unreachable(socket_path, ETIMEDOUT);
  const auto packet = receive_packet(socket->get(), kAnswerLimit);
  if (!packet) return unreachable(socket_path, packet.error());
  const auto answer = parse_json(as_text(*packet), {.bytes = kAnswerLimit, .depth = 6});
  if (!answer || !answer->is_object()) return unreachable(socket_path, EPROTO);
  if (!answer->contains("code")) return answer->dump();
  return fail(answer->value("code", ""), answer->value("message", ""), answer->value("cure", ""));
}

}  // namespace latchkey::emulator
