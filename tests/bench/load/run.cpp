#include "load/run.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace latchkey::load {
namespace {

constexpr double kSecond = 1e9;
constexpr std::uint64_t kGrace = 2'000'000'000;  // for the last answers of an open loop
constexpr std::uint64_t kPause = 100'000'000;    // a turn without anything to do
constexpr std::size_t kScratch = 256 * 1024;

std::uint64_t clock_now() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::uint64_t nanoseconds(double seconds) { return static_cast<std::uint64_t>(seconds * kSecond); }

}  // namespace

Run::Run(const RunSettings& settings, const Workload& workload, Dialer& dialer)
    : settings_(settings), workload_(workload), dialer_(dialer), scratch_(kScratch) {}

Run::~Run() {
  if (epoll_ >= 0) ::close(epoll_);
}

/// One request at a time needs no epoll: the plain blocking round trip is what a client would do.
bool Run::is_alone() const {
  return settings_.connections == 1 && settings_.outstanding == 1 && !is_open_loop();
}

bool Run::connect() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  const auto share = [this](std::size_t seat) {
    return static_cast<std::uint32_t>(seat * settings_.consumers / settings_.connections);
  };
  for (std::size_t i = 0; i < settings_.connections; ++i) {
    auto wire = dialer_.dial(is_alone());
    if (!wire) return false;
    const Cursor cursor{settings_.first + share(i), share(i + 1) - share(i)};
    seats_.push_back(std::make_unique<Seat>(Seat{Client(std::move(wire), cursor), i}));
    if (!watch(*seats_.back(), EPOLL_CTL_ADD)) return false;
  }
  return true;
}

/// Idle connections; whoever started us says how long.
void Run::hold() const {
  std::array<char, 64> ignored{};
  while (settings_.hold && ::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
  }
}

bool Run::watch(Seat& seat, int operation) {
  seat.watched = seat.client.blocked();
  const std::uint32_t wanted = seat.watched ? EPOLLIN | EPOLLOUT : EPOLLIN;
  epoll_event event{.events = wanted, .data = {.ptr = &seat}};
  return ::epoll_ctl(epoll_, operation, seat.client.descriptor(), &event) == 0;
}

bool Run::carry_out(Tally& tally) {
  tally_ = &tally;
  if (!connect()) return false;
  hold();
  const double before = cpu_seconds();
  if (!start()) return false;
  while (!over()) {
    if (!(is_alone() ? receive(*seats_.front()) : turn())) {
      std::fprintf(stderr, "load_generator: the server broke a connection\n");
      return false;
    }
  }
  finish();
  tally.busy = (cpu_seconds() - before) / (static_cast<double>(now_ - began_) / kSecond);
  return true;
}

bool Run::start() {
  now_ = began_ = clock_now();
  counted_from_ = began_ + nanoseconds(settings_.warmup);
  end_ = counted_from_ + nanoseconds(settings_.seconds);
  return is_open_loop() || std::ranges::all_of(seats_, [this](auto& seat) { return ask(*seat); });
}

bool Run::turn() {
  auto wait = kPause;
  if (is_open_loop() && now_ < end_)
    wait = std::min(wait, std::max(due_at(scheduled_), now_) - now_);
  const timespec timeout{0, static_cast<long>(wait)};
  std::array<epoll_event, 256> events;
  const int ready = ::epoll_pwait2(epoll_, events.data(), events.size(), &timeout, nullptr);
  now_ = clock_now();
  for (int i = 0; i < ready; ++i)
    if (!serve(*static_cast<Seat*>(events[static_cast<std::size_t>(i)].data.ptr),
               events[static_cast<std::size_t>(i)].events))
      return false;
  return !is_open_loop() || ask_due();
}

bool Run::serve(Seat& seat, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0 && !flush(seat)) return false;
  return (events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0 || receive(seat);
}

bool Run::receive(Seat& seat) {
  const bool alive = seat.client.receive(scratch_, [&](const auto& answer, Time since) {
    if (answer.body_bytes > 0) tally_->body_bytes = answer.body_bytes;
    now_ = clock_now();
    --outstanding_;
    count(seat.client, answer, since);
  });
  return alive && ask(seat);
}

void Run::count(const Client& client, const AnswerSplitter::Answer& answer, Time since) {
  if (answer.status >= 300) {
    if (tally_->refused.empty()) tally_->first_refusal = client.error();
    ++tally_->refused[answer.status];
    return;
  }
  if ((is_open_loop() ? since : now_) < counted_from_) return;
  ++tally_->answers;
  tally_->latency.add(now_ - since);
}

/// As many requests as may be outstanding there.
bool Run::ask(Seat& seat) {
  auto& client = seat.client;
  while (client.asked().size() < settings_.outstanding) {
    if (is_open_loop() && seat.sent == seat.due) break;
    const auto since =
        is_open_loop() ? due_at(seat.sent * settings_.connections + seat.number) : now_;
    if (!client.ask(workload_, since)) {
      exhausted_ = true;
      break;
    }
    ++seat.sent;
    ++outstanding_;
  }
  return flush(seat);
}

bool Run::flush(Seat& seat) {
  if (!seat.client.flush()) return false;
  return seat.client.blocked() == seat.watched || watch(seat, EPOLL_CTL_MOD);
}

bool Run::ask_due() {
  for (; due_at(scheduled_) <= now_ && due_at(scheduled_) < end_; ++scheduled_) {
    auto& seat = *seats_[scheduled_ % settings_.connections];
    ++seat.due;
    if (!ask(seat)) return false;
  }
  return true;
}

/// When the open loop's request of that number should leave; they go round the connections.
Run::Time Run::due_at(std::uint64_t number) const {
  return began_ + nanoseconds(static_cast<double>(number) / settings_.rate);
}

bool Run::over() const {
  if (exhausted_) return outstanding_ == 0;
  if (!is_open_loop()) return now_ >= end_;
  return now_ >= end_ && (outstanding_ == 0 || now_ >= end_ + kGrace);
}

/// What an open loop owes at its end has waited at least until now.
void Run::finish() {
  tally_->seconds = static_cast<double>(now_ - counted_from_) / kSecond;
  if (!is_open_loop()) return;
  tally_->seconds = settings_.seconds;
  const auto age = [this](Time since) {
    ++tally_->unanswered;
    tally_->latency.add(now_ - since);
  };
  for (const auto& seat : seats_) {
    for (const auto since : seat->client.asked()) age(since);
    for (; seat->sent < seat->due; ++seat->sent)
      age(due_at(seat->sent * settings_.connections + seat->number));
  }
}

}  // namespace latchkey::load
