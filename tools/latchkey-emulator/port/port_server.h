#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "tools/latchkey-emulator/bench/bench.h"

namespace latchkey::emulator {

class PortConnection;

/// One emulated port: a Unix SOCK_SEQPACKET listener (docs/emulator.md) in front of
/// the keys plugged into the bench's port of that name. As with hidraw, every program that has a
/// HID key open gets all its input reports; a PIV token is open in one program at a time, as a USB
/// interface is claimed.
class PortServer {
 public:
  /// Replaces a socket file that nobody listens on. `bench` outlives the server and the running of
  /// `io`. Error: `port-unavailable`.
  static Result<std::unique_ptr<PortServer>> listen(boost::asio::io_context& io, Bench& bench,
                                                    std::string port, const std::string& path);
  ~PortServer();

 private:
  friend class PortConnection;
  using Clock = std::chrono::steady_clock;

  PortServer(boost::asio::io_context& io, Bench& bench, std::string port, int listener);
  void accept();
  void on_change(const Insertion& insertion, Bench::Change change);

  // For PortConnection:
  void on_first_packet(const std::shared_ptr<PortConnection>& client, ByteView packet);
  void on_transfer(PortConnection& client, ByteView transfer);
  void on_closed(const std::shared_ptr<PortConnection>& client) { clients_.erase(client); }

  void watch(PortConnection& client);
  void open_key(PortConnection& client, const std::string& key);
  bool claimed(const std::string& key, const Device& device);
  void run_command(PortConnection& client, std::vector<std::string> arguments);
  void pump(const std::string& key);

  boost::asio::io_context& io_;
  Bench& bench_;
  std::string port_;
  boost::asio::posix::stream_descriptor listener_;
  std::set<std::shared_ptr<PortConnection>> clients_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< the bench keeps our listener
  std::map<std::string, boost::asio::steady_timer> timers_;  ///< by key: its next transfer is due
};

}  // namespace latchkey::emulator
