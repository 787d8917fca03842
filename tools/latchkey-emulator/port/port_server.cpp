#include "tools/latchkey-emulator/port/port_server.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/base/json.h"
#include "drivers/usb/unix_socket.h"
#include "tools/latchkey-emulator/port/port_connection.h"

namespace latchkey::emulator {
namespace {

using boost::asio::posix::stream_descriptor;
using nlohmann::json;

constexpr JsonLimits kRequestLimits{.bytes = 4096, .depth = 2};

void send_json(PortConnection& client, const json& value) {
  client.send(as_bytes(value.dump(-1, ' ', false, json::error_handler_t::replace)));
}

json event(const Insertion& insertion, bool plugged) {
  json out{{"event", plugged ? "added" : "removed"},
           {"id", insertion.key},
           {"generation", insertion.generation}};
  if (insertion.driver != "hidkey") out["driver"] = insertion.driver;
  return out;
}

/// The answer to `open`: what a host would read from the descriptors of a CCID interface.
json opened(const Device& device) {
  json out{{"opened", true}};
  const auto* const interface = device.usb().interface_with(Device::kKeyEndpoint);
  if (interface && interface->interface_class == Interface::kSmartCard)
    out["descriptor"] = to_base64(interface->class_descriptor);
  return out;
}

/// A listening socket, or an errno. A file left over by a server that died is replaced.
tl::expected<Fd, int> bind_and_listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return tl::make_unexpected(ENAMETOOLONG);
  path.copy(address.sun_path, path.size());
  if (connect_seqpacket(path)) return tl::make_unexpected(EADDRINUSE);
  ::unlink(path.c_str());
  Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0)
    return tl::make_unexpected(errno);
  return fd;
}

/// The strings of an array member; nothing when it is anything else.
std::optional<std::vector<std::string>> strings(const json& request, const char* name) {
  const auto member = request.find(name);
  if (member == request.end() || !member->is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const auto& value : *member) {
    if (!value.is_string()) return std::nullopt;
    out.push_back(value.get<std::string>());
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<PortServer>> PortServer::listen(boost::asio::io_context& io, Bench& bench,
                                                       std::string port, const std::string& path) {
  auto listener = bind_and_listen(path);
  if (!listener)
    return fail(
        "port-unavailable",
        "Cannot listen on " + path + ": " + std::generic_category().message(listener.error()) + ".",
        "Name a socket path of at most 107 bytes in a directory that you may write.");
  bench.add_port(port);
  std::unique_ptr<PortServer> server(
      new PortServer(io, bench, std::move(port), listener->release()));
  bench.add_listener([raw = server.get(), alive = std::weak_ptr(server->alive_)](
                         const Insertion& insertion, Bench::Change change) {
    if (!alive.expired()) raw->on_change(insertion, change);
  });
  server->accept();
  return server;
}

PortServer::PortServer(boost::asio::io_context& io, Bench& bench, std::string port, int listener)
    : io_(io), bench_(bench), port_(std::move(port)), listener_(io, listener) {}

PortServer::~PortServer() {
  // A connection's pending wait keeps it alive, and its socket open, as long as the io_context.
  for (const auto& client : std::set(clients_)) client->close();
}

void PortServer::accept() {
  listener_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& e) {
    if (e) return;
    const int fd =
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      auto client = std::make_shared<PortConnection>(*this, stream_descriptor(io_, fd));
      clients_.insert(client);
      client->start();
    }
    accept();
  });
}

void PortServer::on_first_packet(const std::shared_ptr<PortConnection>& client, ByteView packet) {
  const auto request = parse_json(as_text(packet), kRequestLimits);
  const auto text = [&](const char* name) {
    const bool there = request && request->is_object() && request->contains(name);
    return there && (*request)[name].is_string() ? (*request)[name].get<std::string>() : "";
  };
  const auto op = text("op");
  if (op == "watch") return watch(*client);
  if (op == "open") return open_key(*client, text("id"));
  const auto arguments = op == "command" ? strings(*request, "args") : std::nullopt;
  if (!arguments) return client->close();
  run_command(*client, *arguments);
}

void PortServer::watch(PortConnection& client) {
  client.role = PortConnection::Role::watching;
  for (const auto& insertion : bench_.insertions(port_)) send_json(client, event(insertion, true));
  send_json(client, {{"event", "settled"}});
}

void PortServer::open_key(PortConnection& client, const std::string& key) {
  const auto* device = bench_.plugged_device(key, port_);
  const auto refuse = [&](const char* why) {
    send_json(client, {{"error", why}});
    client.close();
  };
  if (!device) return refuse("gone");
  if (device->fault() == Fault::busy || claimed(key, *device)) return refuse("busy");
  if (device->fault() == Fault::no_permission) return refuse("no-permission");
  client.role = PortConnection::Role::open;
  client.key = key;
  send_json(client, opened(*device));
}

/// A smart card interface is claimed by one program at a time; hidraw nodes are shared. A holder
/// that has closed its end lets go at once, whatever it has left unread.
bool PortServer::claimed(const std::string& key, const Device& device) {
  if (device.usb().interface_with(Device::kKeyEndpoint)->interface_class != Interface::kSmartCard)
    return false;
  const auto all = clients_;
  return std::ranges::any_of(all, [&](const auto& client) {
    if (client->role != PortConnection::Role::open || client->key != key) return false;
    if (client->hung_up()) client->close();
    return clients_.contains(client);
  });
}

void PortServer::run_command(PortConnection& client, std::vector<std::string> arguments) {
  client.role = PortConnection::Role::done;
  auto outcome = bench_.command(std::move(arguments), port_);
  if (outcome) return send_json(client, *outcome);
  const auto& error = outcome.error();
  send_json(client, {{"code", error.code}, {"message", error.message}, {"cure", error.cure}});
}

void PortServer::on_transfer(PortConnection& client, ByteView transfer) {
  const auto key = client.key;
  auto* device = bench_.plugged_device(key, port_);
  if (!device) return;
  device->write(Device::kKeyEndpoint, transfer, Clock::now());
  pump(key);
}

/// Moves the transfers that are due to everybody who has the key open, and comes back for later
/// ones.
void PortServer::pump(const std::string& key) {
  auto* device = bench_.plugged_device(key, port_);
  if (!device) return;
  const auto all = clients_;  // sending may close one
  while (const auto transfer = device->read(Device::kKeyEndpoint, Clock::now()))
    for (const auto& client : all)
      if (client->role == PortConnection::Role::open && client->key == key) client->send(*transfer);
  if (!device->attached()) return bench_.notice_unplugged(key);
  const auto due = device->next_due(Device::kKeyEndpoint);
  if (!due) return;
  auto& timer = timers_.try_emplace(key, io_).first->second;
  timer.expires_at(*due);
  timer.async_wait([this, key](const boost::system::error_code& error) {
    if (!error) pump(key);
  });
}

void PortServer::on_change(const Insertion& insertion, Bench::Change change) {
  if (insertion.port != port_ || change == Bench::Change::altered) return;
  const bool plugged = change == Bench::Change::plugged;
  const auto all = clients_;
  for (const auto& client : all) {
    if (client->role == PortConnection::Role::watching)
      send_json(*client, event(insertion, plugged));
    else if (!plugged && client->role == PortConnection::Role::open && client->key == insertion.key)
      client->close();
  }
  if (!plugged) timers_.erase(insertion.key);
}

}  // namespace latchkey::emulator
