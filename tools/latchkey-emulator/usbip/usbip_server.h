#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "tools/latchkey-emulator/bench/bench.h"
#include "tools/latchkey-emulator/usbip/session.h"

namespace latchkey::emulator::usbip {

class Connection;

/// A USB/IP server, protocol 1.1.1, in front of the keys plugged into the bench's port `kPort`.
/// Each takes the lowest free place n and is bus ID "1-n" there; `usbip attach -r HOST -b 1-1`
/// makes it a device of Linux. Pulling a key ends its connection, which is how Linux sees it go.
/// Whoever reaches the address has the keys: keep to loopback.
class UsbipServer : public Bus {
 public:
  static constexpr std::string_view kPort = "usbip";
  static constexpr std::size_t kMaxConnections = 64;

  /// `address` is IP:PORT. `bench` outlives the server and the running of `io`. Errors: `usage`,
  /// `port-unavailable`.
  static Result<std::unique_ptr<UsbipServer>> listen(boost::asio::io_context& io, Bench& bench,
                                                     const std::string& address);
  ~UsbipServer() override;

  /// Where it listens, the number chosen by the kernel when PORT was 0.
  boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  std::vector<ExportedDevice> devices() const override;
  tl::expected<Device*, OperationStatus> take(const std::string& bus_id) override;

 private:
  friend class Connection;

  UsbipServer(boost::asio::ip::tcp::acceptor acceptor, Bench& bench);
  void accept();
  void on_change(const Insertion& insertion, Bench::Change change);

  // For Connection:
  void on_used(const std::string& bus_id);
  void on_closed(const std::shared_ptr<Connection>& connection) { connections_.erase(connection); }

  boost::asio::ip::tcp::acceptor acceptor_;
  Bench& bench_;
  std::map<std::uint16_t, std::string> places_;  ///< which key stands in which
  std::set<std::shared_ptr<Connection>> connections_;
};

}  // namespace latchkey::emulator::usbip
