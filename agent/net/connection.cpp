#include "agent/net/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <ctime>

#include "agent/net/response_head.h"

namespace latchkey::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Holds the connection weakly: a client that went away costs its sink's owner nothing but this.
class StreamSink final : public EventSink {
 public:
  explicit StreamSink(std::weak_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~StreamSink() override {
    if (const auto connection = connection_.lock()) connection->close();
  }
  StreamSink(const StreamSink&) = delete;
  StreamSink& operator=(const StreamSink&) = delete;

  bool send(std::string_view event, std::string_view data) override {
    const auto connection = connection_.lock();
    return connection && connection->send_event(event, data);
  }
  bool open() const override {
    const auto connection = connection_.lock();
    return connection && connection->is_open();
  }

 private:
  std::weak_ptr<Connection> connection_;
};

void append_event(std::string& out, std::string_view event, std::string_view data) {
  out.append("event: ").append(event).append("\n");
  while (true) {
    const auto end = data.find('\n');
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  out.append("\n");
}

}  // namespace

Connection::Connection(Socket socket, Caller caller, std::shared_ptr<ConnectionHub> hub)
    : socket_(std::move(socket)), hub_(std::move(hub)), reader_(hub_->limits, hub_->body_limit()) {
  reader_.request().caller = std::move(caller);
  hub_->connections.insert(this);
}

Connection::~Connection() { hub_->connections.erase(this); }

void Connection::start() {
  error_code error;
  socket_.non_blocking(true, error);
  if (error) return close();
  enter(Phase::reading);
  read();
}

void Connection::refuse(Response response) {
  error_code error;
  socket_.non_blocking(true, error);
  closing_ = true;
  phase_ = Phase::handling;
  answer(std::move(response));
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  since_ = hub_->tick;
}

bool Connection::is_timed() const { return phase_ != Phase::streaming && phase_ != Phase::closed; }

void Connection::sweep() {
  if (phase_ != Phase::reading && phase_ != Phase::writing) return;
  const bool idle = phase_ == Phase::reading && !reader_.started() && begin_ == end_;
  if (hub_->tick - since_ > (idle ? hub_->idle_ticks : hub_->request_ticks)) close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  const auto last_reference = std::move(self_);
  error_code ignored;
  socket_.close(ignored);
}

/// Parses and answers what the buffer holds, request by request, until input or an answer has to be
/// waited for.
void Connection::serve() {
  in_serve_ = true;
  while (phase_ == Phase::reading && parse()) dispatch();
  in_serve_ = false;
  if (phase_ == Phase::reading) read();
}

/// True when a request, or its refusal, is there to be answered.
bool Connection::parse() {
  if (begin_ < end_) begin_ += reader_.feed({input_.data() + begin_, end_ - begin_});
  if (reader_.state() != RequestReader::State::incomplete) return true;
  if (begin_ > 0) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (!continue_sent_ && reader_.wants_continue()) offer_continue();
  return false;
}

void Connection::offer_continue() {
  continue_sent_ = true;
  error_code error;
  // Too small to block a socket that is waiting for us; a client that gets no 100 sends its body
  // all the same.
  socket_.write_some(asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")), error);
}

void Connection::read() {
  socket_.async_read_some(asio::buffer(input_.data() + end_, input_.size() - end_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            self->on_read(error, size);
                          });
}

void Connection::on_read(const error_code& error, std::size_t size) {
  if (phase_ == Phase::closed) return;
  // A stream's client has nothing more to say: this read only notices that it left.
  if (error || phase_ == Phase::streaming) return close();
  if (begin_ == end_ && !reader_.started()) since_ = hub_->tick;
  end_ += size;
  serve();
}

void Connection::dispatch() {
  enter(Phase::handling);
  if (reader_.state() == RequestReader::State::refused) {
    closing_ = true;
    return answer(reader_.refusal());
  }
  const auto route = hub_->router.find(reader_.request());
  if (!route) return answer(route.error());
  if ((*route)->stream) return open_stream(**route);
  self_ = shared_from_this();
  (*route)->handler(reader_.request(), [weak = weak_from_this()](Response response) {
    if (const auto self = weak.lock()) self->answer(std::move(response));
  });
}

void Connection::open_stream(const Route& route) {
  enter(Phase::streaming);
  write_stream_head(std::time(nullptr), backlog_);
  begin_ = end_ = 0;
  read();
  flush_stream();
  route.stream(reader_.request(), std::make_shared<StreamSink>(weak_from_this()));
}

void Connection::answer(Response response) {
  if (phase_ != Phase::handling) return;  // closed while the handler was at work
  self_.reset();
  response_ = std::move(response);
  if (reader_.state() == RequestReader::State::complete && !reader_.keep_alive()) closing_ = true;
  const auto persistence = closing_             ? Persistence::close
                           : reader_.http_1_0() ? Persistence::keep_http_1_0
                                                : Persistence::keep;
  write_head(response_, persistence, std::time(nullptr), head_);
  enter(Phase::writing);
  write(response_.payload());
}

/// One writev in the usual case; the rest, when the client is slow, as it drains.
void Connection::write(std::string_view body) {
  const std::array<asio::const_buffer, 2> parts{asio::buffer(head_),
                                                asio::buffer(body.data(), body.size())};
  error_code error;
  const std::size_t sent = socket_.write_some(parts, error);
  if (error && error != asio::error::would_block) return close();
  if (sent == head_.size() + body.size()) return written();
  write_rest(body, sent);
}

void Connection::write_rest(std::string_view body, std::size_t sent) {
  const std::size_t of_head = std::min(sent, head_.size());
  const std::array<asio::const_buffer, 2> rest{
      asio::buffer(head_) + of_head, asio::buffer(body.data(), body.size()) + (sent - of_head)};
  asio::async_write(socket_, rest,
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (self->phase_ == Phase::closed) return;
                      return error ? self->close() : self->written();
                    });
}

void Connection::written() {
  response_.shared_body.reset();
  if (closing_) return close();
  reader_.next();
  continue_sent_ = false;
  enter(Phase::reading);
  if (!in_serve_) serve();
}

bool Connection::send_event(std::string_view event, std::string_view data) {
  if (phase_ != Phase::streaming) return false;
  append_event(backlog_, event, data);
  if (backlog_.size() > hub_->stream_backlog) {
    close();
    return false;
  }
  flush_stream();
  return phase_ == Phase::streaming;
}

void Connection::flush_stream() {
  if (flushing_ || backlog_.empty()) return;
  flushing_ = true;
  in_flight_.swap(backlog_);
  backlog_.clear();
  asio::async_write(socket_, asio::buffer(in_flight_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->flushing_ = false;
                      if (self->phase_ == Phase::closed) return;
                      return error ? self->close() : self->flush_stream();
                    });
}

}  // namespace latchkey::net
