#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "tools/latchkey-emulator/usbip/session.h"

namespace latchkey::emulator::usbip {

class UsbipServer;

/// One client of a UsbipServer: the socket and the timer of a Session. A client that leaves more
/// than a megabyte unread is closed.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(UsbipServer& server, boost::asio::ip::tcp::socket socket);

  void start();
  void close();
  /// The device may have something to say that nobody asked for.
  void pump();
  const std::string& bus_id() const { return session_.bus_id(); }

 private:
  void read();
  void on_data(std::size_t size);
  void send(ByteView data);
  void write();
  void after_use();

  UsbipServer& server_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Session session_;
  std::array<std::uint8_t, 16384> arrived_{};
  Bytes writing_;
  Bytes queued_;
  bool ending_ = false;  ///< closed when everything is written
};

}  // namespace latchkey::emulator::usbip
