#include "tools/latchkey-emulator/usbip/usbip_server.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tools/latchkey-emulator/usbip/connection.h"

namespace latchkey::emulator::usbip {
namespace {

using boost::asio::ip::tcp;

std::optional<tcp::endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  boost::system::error_code bad_address;
  const auto host = boost::asio::ip::make_address(std::string(text.substr(0, colon)), bad_address);
  if (error != std::errc() || end != digits.data() + digits.size() || bad_address)
    return std::nullopt;
  return tcp::endpoint(host, port);
}

std::string bus_id_of(std::uint16_t place) { return "1-" + std::to_string(place); }

}  // namespace

Result<std::unique_ptr<UsbipServer>> UsbipServer::listen(boost::asio::io_context& io, Bench& bench,
                                                         const std::string& address) {
  const auto endpoint = parse_endpoint(address);
  if (!endpoint)
    return fail("usage", "'" + address + "' is no address.", "Write IP:PORT, as 127.0.0.1:3240.");
  tcp::acceptor acceptor(io);
  boost::system::error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error)
    return fail("port-unavailable", "Cannot listen on " + address + ": " + error.message() + ".",
                "Name an address of this machine and a free port.");
  bench.add_port(std::string(kPort));
  std::unique_ptr<UsbipServer> server(new UsbipServer(std::move(acceptor), bench));
  bench.add_listener([raw = server.get()](const Insertion& insertion, Bench::Change change) {
    raw->on_change(insertion, change);
  });
  server->accept();
  return server;
}

UsbipServer::UsbipServer(tcp::acceptor acceptor, Bench& bench)
    : acceptor_(std::move(acceptor)), bench_(bench) {}

UsbipServer::~UsbipServer() = default;

void UsbipServer::accept() {
  acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (!error && connections_.size() < kMaxConnections) {
      auto connection = std::make_shared<Connection>(*this, std::move(socket));
      connections_.insert(connection);
      connection->start();
    }
    accept();
  });
}

std::vector<ExportedDevice> UsbipServer::devices() const {
  std::vector<ExportedDevice> out;
  for (const auto& [place, key] : places_)
    if (const auto* const device = bench_.plugged_device(key, std::string(kPort)))
      out.push_back({.path = "/latchkey-emulator/" + key,
                     .bus_id = bus_id_of(place),
                     .number = place,
                     .usb = &device->usb()});
  return out;
}

tl::expected<Device*, OperationStatus> UsbipServer::take(const std::string& bus_id) {
  const bool taken = std::ranges::any_of(
      connections_, [&](const auto& connection) { return connection->bus_id() == bus_id; });
  if (taken) return tl::make_unexpected(OperationStatus::busy);
  for (const auto& [place, key] : places_) {
    if (bus_id_of(place) != bus_id) continue;
    if (auto* device = bench_.plugged_device(key, std::string(kPort))) return device;
  }
  return tl::make_unexpected(OperationStatus::no_device);
}

void UsbipServer::on_change(const Insertion& insertion, Bench::Change change) {
  if (insertion.port != kPort) return;
  if (change == Bench::Change::plugged) {
    std::uint16_t place = 1;
    while (places_.contains(place)) ++place;
    places_.emplace(place, insertion.key);
    return;
  }
  const auto place =
      std::ranges::find(places_, insertion.key, [](const auto& p) { return p.second; });
  if (place == places_.end()) return;
  const auto bus_id = bus_id_of(place->first);
  const bool left = change == Bench::Change::pulled;
  if (left) places_.erase(place);
  const auto all = connections_;  // closing takes one out
  for (const auto& connection : all)
    if (connection->bus_id() == bus_id) left ? connection->close() : connection->pump();
}

// A fault may have unplugged the key while it was used.
void UsbipServer::on_used(const std::string& bus_id) {
  const auto place =
      std::ranges::find(places_, bus_id, [](const auto& p) { return bus_id_of(p.first); });
  if (place != places_.end()) bench_.notice_unplugged(std::string(place->second));
}

}  // namespace latchkey::emulator::usbip
