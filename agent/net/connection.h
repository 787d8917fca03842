#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/net/answer_queue.h"
#include "agent/net/connection_hub.h"
#include "agent/net/stream.h"

namespace latchkey::net {

/// One accepted connection: reads requests, calls their handlers, writes the answers in order.
/// Requests to prompt routes that came together are taken together; any other one waits until those
/// before it are answered. Holds itself alive while it waits for its stream or a handler still owes
/// an answer.
class Connection final : public StreamUser, public std::enable_shared_from_this<Connection> {
 public:
  /// `place`: what a stranger takes up in the server, given back with the connection, or once it is
  /// no stranger's any more.
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
  void start_waiting();  ///< for input, as it asked the hub to
  void review();         ///< as ConnectionHub::review()
  void close();
  bool is_open() const { return phase_ != Phase::closed; }
  bool is_timed() const;  ///< sweeps are needed as long as some connection is

  void on_ready(Ready what, bool alive) override;

  // For the event sink of a stream:
  bool send_event(std::string_view event, std::string_view data);

 private:
  enum class Phase { reading, handling, writing, streaming, closed };

  void serve();
  bool take_requests();
  bool may_take() const;
  bool parse();
  void read();
  void await_input();
  void wait(Ready what);
  bool dispatch();
  tl::expected<const Route*, Response> find_route();
  void hand_over(const Route& route);
  void open_stream(const Route& route);
  AnswerQueue::Ticket expect();
  void answer(AnswerQueue::Ticket ticket, Response response);
  bool write();
  void flush_stream();
  void offer_continue();
  void enter(Phase phase);
  std::uint32_t idle_limit();

  std::unique_ptr<Stream> stream_;
  std::shared_ptr<ConnectionHub> hub_;
  std::shared_ptr<void> place_;  ///< of a stranger
  RequestReader reader_;
  Phase phase_ = Phase::reading;
  std::uint32_t since_ = 0;  ///< hub tick at which the present phase, or request, began
  bool in_serve_ = false;    ///< answers given now are picked up by serve()'s loop
  bool closing_ = false;     ///< no request after the present one
  bool taken_ = false;       ///< the reader's request has its handler
  bool prompt_ = false;      ///< so had the latest one
  bool continue_sent_ = false;
  bool flushing_ = false;  ///< an event-stream write waits for the client
  std::string input_;      ///< what came and is not used yet
  std::size_t begin_ = 0;  ///< what of it is
  AnswerQueue answers_;
  std::shared_ptr<Connection>
      self_;  ///< while a handler owes an answer: Done holds us weakly, it may outlive Asio
  std::string backlog_;    ///< events not yet given to the kernel
  std::string in_flight_;  ///< events being written
  std::size_t sent_ = 0;   ///< of them
};

}  // namespace latchkey::net
