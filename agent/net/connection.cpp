#include "agent/net/connection.h"

#include <algorithm>
#include <ctime>

#include "agent/net/response_head.h"

namespace latchkey::net {
namespace {

/// An idle connection keeps no more than this of what it once needed.
constexpr std::size_t kIdleInput = 1024;

using State = Stream::Io::State;

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

Connection::Connection(std::unique_ptr<Stream> stream, Caller caller, Origin origin,
                       std::shared_ptr<ConnectionHub> hub, std::shared_ptr<void> place)
    : stream_(std::move(stream)),
      hub_(std::move(hub)),
      place_(std::move(place)),
      reader_(hub_->limits(), hub_->body_limit()) {
  reader_.request().caller = std::move(caller);
  reader_.request().from = std::move(origin);
  hub_->add(*this);
}

Connection::~Connection() { hub_->remove(*this); }

void Connection::start() {
  enter(Phase::reading);
  wait(Ready::read);
}

void Connection::refuse(Response response) {
  closing_ = true;
  phase_ = Phase::handling;
  answer(std::move(response));
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  since_ = hub_->tick();
}

bool Connection::is_timed() const { return phase_ != Phase::streaming && phase_ != Phase::closed; }

std::uint32_t Connection::idle_limit() {
  const bool stranger = hub_->doorman() != nullptr && reader_.request().from.pin.empty();
  return hub_->ticks(stranger ? hub_->patience().stranger : hub_->patience().idle);
}

void Connection::sweep() {
  if (phase_ != Phase::reading && phase_ != Phase::writing) return;
  const bool idle = phase_ == Phase::reading && !reader_.started() && begin_ == input_.size();
  if (hub_->tick() - since_ > (idle ? idle_limit() : hub_->ticks(hub_->patience().request)))
    close();
}

void Connection::review() {
  if (phase_ != Phase::streaming || hub_->doorman() == nullptr) return;
  auto& request = reader_.request();
  request.caller = hub_->doorman()->caller_of(request);
  if (hub_->doorman()->objection(request) || !hub_->router().find(request)) close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  const auto last_reference = std::move(self_);
  stream_->close();
}

void Connection::wait(Ready what) { stream_->wait(what, shared_from_this()); }

void Connection::on_ready(Ready what, bool alive) {
  if (phase_ == Phase::closed) return;
  if (!alive) return close();
  if (phase_ == Phase::writing) return write();
  if (phase_ == Phase::streaming && what == Ready::write) {
    flushing_ = false;
    return flush_stream();
  }
  if (phase_ == Phase::reading || phase_ == Phase::streaming) read();
}

/// Parses and answers what the buffer holds, request by request, until input or an answer has to be
/// waited for.
void Connection::serve() {
  in_serve_ = true;
  while (phase_ == Phase::reading && parse()) dispatch();
  in_serve_ = false;
  if (phase_ == Phase::reading) wait(Ready::read);
}

/// True when a request, or its refusal, is there to be answered.
bool Connection::parse() {
  if (begin_ < input_.size()) begin_ += reader_.feed(std::string_view(input_).substr(begin_));
  if (reader_.state() != RequestReader::State::incomplete) return true;
  input_.erase(0, begin_);
  begin_ = 0;
  if (input_.empty() && input_.capacity() > kIdleInput && !reader_.started()) input_ = {};
  if (!continue_sent_ && reader_.wants_continue()) offer_continue();
  return false;
}

void Connection::offer_continue() {
  continue_sent_ = true;
  // Too small to block a socket that is waiting for us; a client that gets no 100 sends its body
  // all the same.
  stream_->write_some("HTTP/1.1 100 Continue\r\n\r\n", {});
}

void Connection::read() {
  auto& scratch = hub_->scratch();
  const auto io = stream_->read_some(scratch);
  if (io.state == State::needs_read) return wait(Ready::read);
  if (io.state == State::needs_write) return wait(Ready::write);
  // A stream's client has nothing more to say: its reads only notice that it left.
  if (io.state == State::closed || phase_ == Phase::streaming) return close();
  if (begin_ == input_.size() && !reader_.started()) since_ = hub_->tick();
  input_.append(scratch.data(), io.size);
  serve();
}

void Connection::dispatch() {
  enter(Phase::handling);
  if (reader_.state() == RequestReader::State::refused) {
    closing_ = true;
    return answer(reader_.refusal());
  }
  auto& request = reader_.request();
  if (hub_->doorman() != nullptr) {
    request.caller = hub_->doorman()->caller_of(request);
    if (auto objection = hub_->doorman()->objection(request)) return answer(*std::move(objection));
  }
  const auto route = hub_->router().find(request);
  if (!route) return answer(route.error());
  if ((*route)->stream) return open_stream(**route);
  self_ = shared_from_this();
  (*route)->handler(request, [weak = weak_from_this()](Response response) {
    if (const auto self = weak.lock()) self->answer(std::move(response));
  });
}

void Connection::open_stream(const Route& route) {
  enter(Phase::streaming);
  write_stream_head(std::time(nullptr), backlog_);
  input_ = {};
  begin_ = sent_ = 0;
  wait(Ready::read);
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
  sent_ = 0;
  write();
}

/// One call in the usual case; the rest, when the client is slow, as it drains.
void Connection::write() {
  const std::string_view head = head_, body = response_.payload();
  while (sent_ < head.size() + body.size()) {
    const auto of_head = std::min(sent_, head.size());
    const auto io = stream_->write_some(head.substr(of_head), body.substr(sent_ - of_head));
    if (io.state == State::closed) return close();
    if (io.state != State::some)
      return wait(io.state == State::needs_read ? Ready::read : Ready::write);
    sent_ += io.size;
  }
  written();
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
  if (backlog_.size() > hub_->stream_backlog()) {
    close();
    return false;
  }
  flush_stream();
  return phase_ == Phase::streaming;
}

void Connection::flush_stream() {
  while (!flushing_) {
    if (sent_ == in_flight_.size()) {
      in_flight_.clear();
      in_flight_.swap(backlog_);
      sent_ = 0;
    }
    if (in_flight_.empty()) return;
    const auto io = stream_->write_some(std::string_view(in_flight_).substr(sent_), {});
    if (io.state == State::closed) return close();
    flushing_ = io.state != State::some;
    sent_ += io.size;
  }
  wait(Ready::write);
}

}  // namespace latchkey::net
