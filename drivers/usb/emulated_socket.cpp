#include "drivers/usb/emulated_socket.h"

#include <poll.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "core/base/json.h"

namespace latchkey {
namespace {

constexpr std::size_t kAnswerLimit = 256;

}  // namespace

KeyResult<EmulatedSocket> EmulatedSocket::open(const std::string& node, const Wake& wake,
                                               Deadline deadline) {
  const auto hash = node.rfind('#');
  if (hash == std::string::npos)
    return key_fail(KeyError::Kind::protocol, "not an emulated node: " + node);
  auto connected = connect_seqpacket(node.substr(0, hash));
  if (!connected)
    return tl::make_unexpected(key_error_from_errno(connected.error(), "open " + node));
  EmulatedSocket socket(std::move(*connected));
  // Not valid UTF-8 is replaced, not thrown: such a name exists nowhere.
  const auto request = nlohmann::json{{"op", "open"}, {"id", node.substr(hash + 1)}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  LK_CHECK(socket.send(as_bytes(request), wake, deadline));
  LK_TRY(const auto answer, socket.receive(kAnswerLimit, wake, deadline));
  LK_CHECK(socket.read_answer(answer));
  return socket;
}

/// {"opened":true}, with "descriptor" in base64 for a CCID key, or
/// {"error":"busy"|"no-permission"|"gone"}.
KeyResult<void> EmulatedSocket::read_answer(ByteView packet) {
  const auto answer = parse_json(as_text(packet), {.bytes = kAnswerLimit, .depth = 1});
  if (!answer || !answer->is_object())
    return key_fail(KeyError::Kind::protocol, "open: the emulated port answered nonsense");
  const auto error = answer->value("error", nlohmann::json());
  if (error == "busy") return key_fail(KeyError::Kind::busy, "open: the emulated key is busy");
  if (error == "no-permission")
    return key_fail(KeyError::Kind::no_permission, "open: the emulated key refuses access");
  if (!answer->contains("opened"))
    return key_fail(KeyError::Kind::gone, "open: no such key is plugged in");
  const auto descriptor = answer->find("descriptor");
  if (descriptor == answer->end()) return {};
  const auto* text = descriptor->get_ptr<const nlohmann::json::string_t*>();
  auto bytes = text ? from_base64(*text) : std::nullopt;
  if (!bytes) return key_fail(KeyError::Kind::protocol, "open: malformed class descriptor");
  descriptor_ = std::move(*bytes);
  return {};
}

KeyResult<Bytes> EmulatedSocket::receive(std::size_t limit, const Wake& wake, Deadline deadline) {
  for (;;) {
    LK_CHECK(wait_for(socket_.get(), POLLIN, wake, deadline));
    auto packet = receive_packet(socket_.get(), limit);
    if (packet && packet->empty()) return key_fail(KeyError::Kind::gone, "unplugged");
    if (packet) return std::move(*packet);
    if (packet.error() != EAGAIN && packet.error() != EINTR)
      return tl::make_unexpected(key_error_from_errno(packet.error(), "read"));
  }
}

KeyResult<void> EmulatedSocket::send(ByteView packet, const Wake& wake, Deadline deadline) {
  for (;;) {
    LK_CHECK(wait_for(socket_.get(), POLLOUT, wake, deadline));
    const int error = send_packet(socket_.get(), packet);
    if (error == 0) return {};
    if (error != EAGAIN && error != EINTR)
      return tl::make_unexpected(key_error_from_errno(error, "write"));
  }
}

}  // namespace latchkey
