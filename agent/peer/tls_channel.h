#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>

#include "agent/peer/channel.h"
#include "agent/peer/transport.h"

namespace latchkey::peer {

using TlsContext = boost::asio::ssl::context;
using Tcp = boost::asio::ip::tcp;

/// A frame is four bytes of length, big-endian, and that many bytes of JSON. Includes Asio: for
/// this room's .cpp files only.
class TlsChannel final : public Channel, public std::enable_shared_from_this<TlsChannel> {
 public:
  using Side = boost::asio::ssl::stream_base::handshake_type;
  using Shaken = std::function<void(Result<void>)>;

  TlsChannel(Tcp::socket socket, std::shared_ptr<TlsContext> context);

  /// Errors: `wrong-peer` when `check` refused the certificate, `peer-unreachable`.
  void handshake(Side side, PinCheck check, Shaken done);
  /// After the handshake.
  void start_reading() { read_header(); }

  const std::string& pin() const override { return pin_; }
  const std::string& remote_host() const override { return remote_host_; }
  void set_events(Events events) override { events_ = std::make_shared<Events>(std::move(events)); }
  void set_frame_limit(std::size_t limit) override { frame_limit_ = limit; }
  void send(const Message& message) override { send_text(encode(message)); }
  void send_text(std::string_view text) override;
  void close() override;
  void finish() override;

 private:
  using ErrorCode = boost::system::error_code;

  void note_remote_host();
  void read_header();
  void header_read(const ErrorCode& error);
  void body_read(const ErrorCode& error);
  void write_next();
  void written(const ErrorCode& error);
  void say_last();
  void fail_with(Error error);

  std::shared_ptr<TlsContext> context_;
  boost::asio::ssl::stream<Tcp::socket> stream_;
  std::shared_ptr<Events> events_ = std::make_shared<Events>();
  std::string pin_;
  std::string remote_host_;
  bool refused_ = false;  ///< the pin check said no
  bool closed_ = false;
  bool finishing_ = false;
  boost::asio::steady_timer linger_;
  std::size_t frame_limit_ = kStrangerFrameLimit;
  std::array<std::uint8_t, 4> header_{};
  std::string body_;
  std::deque<std::string> queue_;  ///< frames; the first is being written
  std::size_t queued_bytes_ = 0;
};

}  // namespace latchkey::peer
