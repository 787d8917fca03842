#include "drivers/usb/emulated_pipe.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "core/base/json.h"

namespace latchkey {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kAnswerLimit = 256;

/// The answer to `open`: {"opened":true} or {"error":"busy"|"no-permission"|"gone"}.
KeyResult<void> check_answer(ByteView packet) {
  const auto answer = parse_json(as_text(packet), {.bytes = kAnswerLimit, .depth = 1});
  if (!answer || !answer->is_object())
    return key_fail(KeyError::Kind::protocol, "open: the emulated port answered nonsense");
  if (answer->contains("opened")) return {};
  const auto error = answer->value("error", nlohmann::json());
  if (error == "busy") return key_fail(KeyError::Kind::busy, "open: the emulated key is busy");
  if (error == "no-permission")
    return key_fail(KeyError::Kind::no_permission, "open: the emulated key refuses access");
  return key_fail(KeyError::Kind::gone, "open: no such key is plugged in");
}

}  // namespace

KeyResult<std::unique_ptr<ReportPipe>> EmulatedPipe::open(const std::string& node) {
  const auto hash = node.rfind('#');
  if (hash == std::string::npos)
    return key_fail(KeyError::Kind::protocol, "not an emulated node: " + node);
  auto socket = connect_seqpacket(node.substr(0, hash));
  if (!socket) return tl::make_unexpected(key_error_from_errno(socket.error(), "open " + node));
  auto wake = Wake::create();
  if (!wake) return tl::make_unexpected(key_error_from_errno(wake.error(), "eventfd"));
  std::unique_ptr<EmulatedPipe> pipe(new EmulatedPipe(std::move(*socket), std::move(*wake)));
  LK_CHECK(pipe->request(node.substr(hash + 1), steady_clock::now() + std::chrono::seconds(1)));
  return pipe;
}

KeyResult<void> EmulatedPipe::request(const std::string& id, Deadline deadline) {
  // Not valid UTF-8 is replaced, not thrown: such a name exists nowhere.
  const auto text = nlohmann::json{{"op", "open"}, {"id", id}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (const int error = send_packet(socket_.get(), as_bytes(text)))
    return tl::make_unexpected(key_error_from_errno(error, "open"));
  LK_TRY(const auto answer, receive(kAnswerLimit, deadline));
  return check_answer(answer);
}

KeyResult<Bytes> EmulatedPipe::receive(std::size_t limit, Deadline deadline) {
  for (;;) {
    LK_CHECK(wait_for(socket_.get(), POLLIN, wake_, deadline));
    auto packet = receive_packet(socket_.get(), limit);
    if (packet && packet->empty()) return key_fail(KeyError::Kind::gone, "unplugged");
    if (packet) return std::move(*packet);
    if (packet.error() != EAGAIN && packet.error() != EINTR)
      return tl::make_unexpected(key_error_from_errno(packet.error(), "read"));
  }
}

KeyResult<void> EmulatedPipe::write(const Report& report, Deadline deadline) {
  for (;;) {
    LK_CHECK(wait_for(socket_.get(), POLLOUT, wake_, deadline));
    const int error = send_packet(socket_.get(), report);
    if (error == 0) return {};
    if (error != EAGAIN && error != EINTR)
      return tl::make_unexpected(key_error_from_errno(error, "write"));
  }
}

KeyResult<Report> EmulatedPipe::read(Deadline deadline) {
  LK_TRY(const auto packet, receive(kReportSize, deadline));
  if (packet.size() != kReportSize)
    return key_fail(KeyError::Kind::protocol,
                    "report of " + std::to_string(packet.size()) + " bytes");
  Report report{};
  std::ranges::copy(packet, report.begin());
  return report;
}

}  // namespace latchkey
