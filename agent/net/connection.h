#pragma once

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "agent/net/request_reader.h"
#include "agent/net/router.h"

namespace latchkey::net {

class Connection;

/// What the connections of one server share; reactor thread only.
struct ConnectionHub {
  Router router;
  ReaderLimits limits;
  std::uint32_t tick =
      0;  ///< advanced by the server's sweep: time without a clock read per request
  std::uint32_t idle_ticks = 0;     ///< a kept-alive connection may sit idle for so long
  std::uint32_t request_ticks = 0;  ///< a request, and an answer, has to pass within
  std::size_t stream_backlog = 0;   ///< bytes a slow event-stream client may lag behind
  std::unordered_set<Connection*> connections;

  /// Of the router; for readers that the hub outlives.
  BodyLimit body_limit() const {
    return [this](const Request& request, std::size_t usual) {
      return router.body_limit(request, usual);
    };
  }
};

/// One accepted connection: reads requests, calls their handlers, writes the answers in order.
/// Holds itself alive while an operation is under way or a handler still owes an answer.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  Connection(Socket socket, Caller caller, std::shared_ptr<ConnectionHub> hub);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// Answers once and closes, without reading a request (the server is full).
  void refuse(Response response);
  /// Closes the connection when its client kept us waiting for too long; handlers and streams take
  /// their time.
  void sweep();
  void close();
  bool is_open() const { return phase_ != Phase::closed; }
  bool is_timed() const;  ///< sweeps are needed as long as some connection is

  // For the event sink of a stream:
  bool send_event(std::string_view event, std::string_view data);

 private:
  enum class Phase { reading, handling, writing, streaming, closed };

  void serve();
  bool parse();
  void read();
  void on_read(const boost::system::error_code& error, std::size_t size);
  void dispatch();
  void open_stream(const Route& route);
  void answer(Response response);
  void write(std::string_view body);
  void write_rest(std::string_view body, std::size_t sent);
  void written();
  void flush_stream();
  void offer_continue();
  void enter(Phase phase);

  Socket socket_;
  std::shared_ptr<ConnectionHub> hub_;
  RequestReader reader_;
  Phase phase_ = Phase::reading;
  std::uint32_t since_ = 0;  ///< hub tick at which the present phase, or request, began
  bool in_serve_ = false;    ///< answers given now are picked up by serve()'s loop
  bool closing_ = false;     ///< no request after the present answer
  bool continue_sent_ = false;
  bool flushing_ = false;            ///< an event-stream write is under way
  std::size_t begin_ = 0, end_ = 0;  ///< what of input_ is not parsed yet
  std::array<char, 8 * 1024> input_;
  std::string head_;
  std::shared_ptr<Connection>
      self_;  ///< while a handler owes the answer: Done holds us weakly, it may outlive Asio
  Response response_;      ///< kept until its last byte is written
  std::string backlog_;    ///< events not yet given to the kernel
  std::string in_flight_;  ///< events being written
};

}  // namespace latchkey::net
