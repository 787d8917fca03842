#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/net/connection_hub.h"
#include "agent/net/stream.h"

namespace latchkey::net {

/// One accepted connection: reads requests, calls their handlers, writes the answers in order.
/// Holds itself alive while it waits for its stream or a handler still owes an answer.
class Connection final : public StreamUser, public std::enable_shared_from_this<Connection> {
 public:
  /// `place`: what the connection takes up in its server, given back with it.
  Connection(std::unique_ptr<Stream> stream, Caller caller, Origin origin,
             std::shared_ptr<ConnectionHub> hub, std::shared_ptr<void> place = nullptr);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// Answers once and closes, without reading a request (the server is full).
  void refuse(Response response);
  /// Closes the connection when its client kept us waiting for too long; handlers and streams take
  /// their time.
  void sweep();
  void review();  ///< as ConnectionHub::review()
  void close();
  bool is_open() const { return phase_ != Phase::closed; }
  bool is_timed() const;  ///< sweeps are needed as long as some connection is

  void on_ready(Ready what, bool alive) override;

  // For the event sink of a stream:
  bool send_event(std::string_view event, std::string_view data);

 private:
  enum class Phase { reading, handling, writing, streaming, closed };

  void serve();
  bool parse();
  void read();
  void wait(Ready what);
  void dispatch();
  void open_stream(const Route& route);
  void answer(Response response);
  void write();
  void written();
  void flush_stream();
  void offer_continue();
  void enter(Phase phase);
  std::uint32_t idle_limit();

  std::unique_ptr<Stream> stream_;
  std::shared_ptr<ConnectionHub> hub_;
  std::shared_ptr<void> place_;
  RequestReader reader_;
  Phase phase_ = Phase::reading;
  std::uint32_t since_ = 0;  ///< hub tick at which the present phase, or request, began
  bool in_serve_ = false;    ///< answers given now are picked up by serve()'s loop
  bool closing_ = false;     ///< no request after the present answer
  bool continue_sent_ = false;
  bool flushing_ = false;  ///< an event-stream write waits for the client
  std::string input_;      ///< what came and is not used yet
  std::size_t begin_ = 0;  ///< what of it is
  std::string head_;
  std::size_t sent_ = 0;  ///< of head_ and the response's payload; of in_flight_
  std::shared_ptr<Connection>
      self_;  ///< while a handler owes the answer: Done holds us weakly, it may outlive Asio
  Response response_;      ///< kept until its last byte is written
  std::string backlog_;    ///< events not yet given to the kernel
  std::string in_flight_;  ///< events being written
};

}  // namespace latchkey::net
