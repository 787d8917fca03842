#include "agent/net/connection.h"

#include <ctime>

#include "agent/net/response_head.h"

namespace latchkey::net {
namespace {

/// A buffer is kept for the next requests when these needed so much or less.
constexpr std::size_t kKeptInput = 4096;
/// What is taken together: so many requests, and so many bytes of answers.
constexpr std::size_t kMostTogether = 64, kMostAnswered = 64 * 1024;

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
  count(hub_->router().turned_away(), response.status);
  closing_ = true;
  enter(Phase::handling);
  answer(answers_.expect(Persistence::close), std::move(response));
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
  const auto quiet = hub_->tick() - since_;
  if (quiet > (idle ? idle_limit() : hub_->ticks(hub_->patience().request))) return close();
  if (!idle || quiet == 0) return;
  input_ = {};
  begin_ = 0;
  answers_.rest();
}

void Connection::review() {
  if (phase_ != Phase::streaming || hub_->doorman() == nullptr) return;
  auto& request = reader_.request();
  const bool somebody = !request.caller.rights.empty();
  request.caller = hub_->doorman()->caller_of(request);
  // Not objection(): a stream that is open is no use of its session.
  if ((somebody && request.caller.rights.empty()) || !hub_->router().find(request)) close();
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
  if (phase_ == Phase::writing) return write() ? serve() : void();
  if (phase_ == Phase::streaming && what == Ready::write) {
    flushing_ = false;
    return flush_stream();
  }
  if (phase_ == Phase::reading || phase_ == Phase::streaming) read();
}

/// Goes on until input, an answer or the client has to be waited for.
void Connection::serve() {
  in_serve_ = true;
  bool starved = false;
  while (phase_ == Phase::reading && (answers_.empty() || write()) && !starved)
    starved = !take_requests();
  in_serve_ = false;
  if (phase_ == Phase::reading) await_input();
}

/// Takes those that may be taken together; false when input has to come first.
bool Connection::take_requests() {
  while (may_take()) {
    if (!parse()) return false;
    if (!dispatch()) break;
  }
  return true;
}

bool Connection::may_take() const {
  if (closing_ || (phase_ != Phase::reading && phase_ != Phase::handling)) return false;
  return answers_.empty() ||
         (prompt_ && answers_.expected() < kMostTogether && answers_.size() < kMostAnswered);
}

/// True when a request, or its refusal, is there to be answered.
bool Connection::parse() {
  if (taken_) reader_.next();
  taken_ = false;
  if (reader_.state() == RequestReader::State::incomplete && begin_ < input_.size())
    begin_ += reader_.feed(std::string_view(input_).substr(begin_));
  if (reader_.state() != RequestReader::State::incomplete) return true;
  input_.erase(0, begin_);
  begin_ = 0;
  if (input_.empty() && input_.capacity() > kKeptInput && !reader_.started()) input_ = {};
  return false;
}

void Connection::await_input() {
  if (!continue_sent_ && reader_.wants_continue()) offer_continue();
  hub_->await_input(shared_from_this());
}

void Connection::start_waiting() {
  if (phase_ == Phase::reading) wait(Ready::read);
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

/// False: the request waits in the reader until those before it are answered.
bool Connection::dispatch() {
  auto route = find_route();
  if (!route) {
    count(hub_->router().turned_away(), route.error().status);
    answer(expect(), std::move(route.error()));
    return true;
  }
  if (!answers_.empty() && !(*route)->prompt) return false;
  if ((*route)->stream)
    open_stream(**route);
  else
    hand_over(**route);
  return true;
}

tl::expected<const Route*, Response> Connection::find_route() {
  if (reader_.state() == RequestReader::State::refused)
    return tl::make_unexpected(reader_.refusal());
  auto& request = reader_.request();
  if (hub_->doorman() != nullptr) {
    request.caller = hub_->doorman()->caller_of(request);
    if (!request.caller.rights.empty()) place_.reset();  // a session makes somebody of a stranger
    if (auto objection = hub_->doorman()->objection(request))
      return tl::make_unexpected(*std::move(objection));
  }
  return hub_->router().find(request);
}

void Connection::hand_over(const Route& route) {
  prompt_ = route.prompt && !reader_.http_1_0();
  const auto ticket = expect();
  self_ = shared_from_this();
  route.handler(reader_.request(), [weak = weak_from_this(), ticket,
                                    timing = RequestCount(route.traffic)](Response response) {
    timing.answered(response.status);
    if (const auto self = weak.lock()) self->answer(ticket, std::move(response));
  });
}

AnswerQueue::Ticket Connection::expect() {
  enter(Phase::handling);
  taken_ = true;
  continue_sent_ = false;
  closing_ = reader_.state() == RequestReader::State::refused || !reader_.keep_alive();
  if (closing_) return answers_.expect(Persistence::close);
  return answers_.expect(reader_.http_1_0() ? Persistence::keep_http_1_0 : Persistence::keep);
}

void Connection::open_stream(const Route& route) {
  count(route.traffic, 200);
  enter(Phase::streaming);
  write_stream_head(std::time(nullptr), backlog_);
  input_ = {};
  begin_ = 0;
  wait(Ready::read);
  flush_stream();
  route.stream(reader_.request(), std::make_shared<StreamSink>(weak_from_this()));
}

void Connection::answer(AnswerQueue::Ticket ticket, Response response) {
  if (phase_ != Phase::handling) return;  // closed while the handler was at work
  answers_.set(ticket, std::move(response));
  if (answers_.owes()) return;
  const auto self = std::move(self_);
  enter(Phase::reading);
  if (!in_serve_) serve();
}

/// One call in the usual case; the rest, when the client is slow, as it drains. True when all is
/// sent and a further request may come.
bool Connection::write() {
  enter(Phase::writing);
  while (!answers_.empty()) {
    const auto [head, body] = answers_.unsent();
    const auto io = stream_->write_some(head, body);
    if (io.state == State::closed) return close(), false;
    if (io.state != State::some) {
      wait(io.state == State::needs_read ? Ready::read : Ready::write);
      return false;
    }
    answers_.sent(io.size);
  }
  if (closing_) return close(), false;
  enter(Phase::reading);
  return true;
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
