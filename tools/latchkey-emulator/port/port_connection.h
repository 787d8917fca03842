#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "core/base/bytes.h"

namespace latchkey::emulator {

class PortServer;

/// One client of an emulated port.
class PortConnection : public std::enable_shared_from_this<PortConnection> {
 public:
  enum class Role { fresh, watching, open, done };

  PortConnection(PortServer& server, boost::asio::posix::stream_descriptor socket)
      : server_(server), socket_(std::move(socket)) {}

  void start() { wait(); }
  /// A client that does not read what it is sent is closed.
  void send(ByteView packet);
  void close();
  /// Whether the client has closed its end, even if not all that it sent has been received.
  bool hung_up();

  Role role = Role::fresh;
  std::string key;  ///< of an open one

 private:
  void wait();
  void receive();

  PortServer& server_;
  boost::asio::posix::stream_descriptor socket_;
};

}  // namespace latchkey::emulator
