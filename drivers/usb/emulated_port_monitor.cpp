#include "drivers/usb/emulated_port_monitor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/base/json.h"

namespace latchkey {
namespace {

constexpr std::size_t kEventLimit = 512;
const std::string kDefaultDriver = "hidkey";
constexpr std::array<std::string_view, 2> kDrivers{"hidkey", "piv"};

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

Result<EmulatedPortMonitor> EmulatedPortMonitor::connect(std::string socket_path) {
  constexpr auto kCode = "emulated-port-unreachable";
  constexpr auto kCure =
      "Start latchkey-emulator, or remove keys.emulated_port from the configuration.";
  auto socket = connect_seqpacket(socket_path);
  int error = socket ? send_packet(socket->get(), as_bytes(R"({"op":"watch"})")) : socket.error();
  if (error != 0)
    return fail(kCode, "The emulated port " + socket_path + ": " + reason(error) + ".", kCure);
  return EmulatedPortMonitor(std::move(*socket), std::move(socket_path));
}

std::vector<EmulatedPortMonitor::Event> EmulatedPortMonitor::read_events() {
  std::vector<Event> events;
  for (;;) {
    const auto packet = receive_packet(socket_.get(), kEventLimit);
    if (!packet && packet.error() == EINTR) continue;
    if (!packet && packet.error() == EAGAIN) return events;
    events.push_back(packet ? parse(*packet) : Event{Event::Kind::lost, {}});
    if (events.back().kind == Event::Kind::lost) return events;
  }
}

EmulatedPortMonitor::Event EmulatedPortMonitor::parse(ByteView packet) const {
  Event nonsense{Event::Kind::lost, {}};
  const auto json = parse_json(as_text(packet), {.bytes = kEventLimit, .depth = 1});
  if (!json || !json->is_object()) return nonsense;
  JsonObject object(*json);
  const auto event = object.name("event", 16);
  if (event == "settled" && object.finish()) return {Event::Kind::settled, {}};
  const auto id = object.name("id", 64);
  const auto generation = object.number("generation", 0, UINT64_MAX);
  const auto driver = object.has("driver") ? object.name("driver", 16) : kDefaultDriver;
  if (!object.finish() || (event != "added" && event != "removed")) return nonsense;
  if (std::ranges::find(kDrivers, driver) == kDrivers.end()) return nonsense;
  return {event == "added" ? Event::Kind::added : Event::Kind::removed,
          {id + "#" + std::to_string(generation), path_ + "#" + id, driver, true}};
}

}  // namespace latchkey
