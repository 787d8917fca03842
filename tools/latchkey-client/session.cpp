#include "tools/latchkey-client/session.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <random>
#include <system_error>

#include "tools/latchkey-client/request.h"

namespace latchkey::client {
namespace {

/// For one request; a server that hangs must not use up the lease's time.
constexpr Instant kShortest{1000}, kLongest{10'000};

Instant patience_for(std::uint32_t ttl_s) {
  return std::clamp<Instant>(std::chrono::seconds(ttl_s) / 4, kShortest, kLongest);
}

LeaseMachine::Random random_numbers() {
  std::random_device seed;
  return [engine = std::mt19937_64(std::uint64_t{seed()} << 32 | seed())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

/// What is worth a call: the end of a lease moves with each heartbeat.
bool same_news(const ClientStatus& a, const ClientStatus& b) {
  return a.state == b.state && a.held == b.held && a.problem == b.problem &&
         a.settled == b.settled && a.address == b.address;
}

}  // namespace

Bell::Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
Bell::~Bell() {
  if (fd_ >= 0) ::close(fd_);
}
void Bell::ring() const { ::eventfd_write(fd_, 1); }
void Bell::clear() const {
  eventfd_t ignored = 0;
  ::eventfd_read(fd_, &ignored);
}

Session::Session(Client::Options options, std::vector<Address> servers, TlsContext tls)
    : options_(std::move(options)),
      servers_(std::move(servers)),
      tls_(std::move(tls)),
      alarm_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)),
      machine_({.addresses = servers_.size(), .ttl_s = options_.ttl_s}, random_numbers()) {}

Session::~Session() {
  if (alarm_ >= 0) ::close(alarm_);
}

Result<void> Session::start() {
  const auto failed = [] {
    return fail("system-failed", "The client's thread cannot be started.",
                "Raise the limits of open files and processes (ulimit -n, -u).");
  };
  if (wake_.fd() < 0 || cancel_.fd() < 0 || alarm_ < 0) return failed();
  // The application's signals are for its own threads.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    thread_ = std::thread([self = shared_from_this()] { self->run(); });
  } catch (const std::system_error&) {
    started = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started ? Result<void>() : failed();
}

// --- the callers' side

void Session::use(Usage usage) {
  const std::lock_guard lock(mutex_);
  machine_.want(std::move(usage));
  wake_.ring();
}

ClientStatus Session::status_locked() const {
  const auto now = boot_now();
  ClientStatus status{machine_.status(now), {}, {}};
  status.server = servers_[status.address].text;
  status.left = std::max(status.end - now, Instant(0));
  return status;
}

ClientStatus Session::status() const {
  const std::lock_guard lock(mutex_);
  return status_locked();
}

ClientStatus Session::wait(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return ended_ || machine_.status(boot_now()).settled; });
  return status_locked();
}

bool Session::await_end(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds timeout) {
  return changed_.wait_for(lock, timeout, [this] { return ended_; });
}

bool Session::close(bool release, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (std::exchange(closed_, true)) return ended_;
  const bool own_thread = thread_.get_id() == std::this_thread::get_id();
  const auto until = std::chrono::steady_clock::now() + timeout;
  if (release && !own_thread) {
    machine_.release();
    wake_.ring();
    await_end(lock, timeout);
  }
  const bool released = machine_.status(boot_now()).state == State::released;
  stopping_ = true;
  cancel_.ring();
  wake_.ring();
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
  const bool ended = !own_thread && await_end(lock, std::max(left, std::chrono::milliseconds(0)));
  lock.unlock();
  if (ended)
    thread_.join();
  else
    thread_.detach();  // it holds this session until it ends
  return ended && (released || !release);
}

// --- the thread's side

void Session::run() {
  for (;;) {
    report();
    wake_.clear();
    std::unique_lock lock(mutex_);
    if (stopping_) break;
    const auto action = machine_.next(boot_now());
    lock.unlock();
    if (const auto* ask = std::get_if<Ask>(&action)) {
      const auto sent = boot_now();
      const auto answer = perform(*ask);
      lock.lock();
      if (stopping_) break;
      machine_.answered(answer, sent, boot_now());
      changed_.notify_all();
    } else if (const auto* wait = std::get_if<Wait>(&action)) {
      sleep_until(wait->until);
    } else {
      break;
    }
  }
  report();
  line_.reset();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

/// Without the lock: the application may call back.
void Session::report() {
  std::unique_lock lock(mutex_);
  if (stopping_) return;
  auto status = status_locked();
  if (told_ && same_news(*told_, status)) return;
  told_ = status;
  lock.unlock();
  if (options_.on_change) options_.on_change(status);
}

Answer Session::perform(const Ask& ask) {
  const auto& server = servers_[ask.address];
  if (!line_ || line_to_ != ask.address) {
    line_ = std::make_unique<Line>(server, tls_);
    line_to_ = ask.address;
  }
  const Patience patience{boot_now() + patience_for(options_.ttl_s), cancel_.fd()};
  const auto answer =
      line_->exchange(consumer_request(server, ask, options_.consumer, options_.ttl_s), patience);
  if (answer) return read_answer(*answer);
  line_->close();
  return Failed{problem_of(answer.error())};
}

void Session::sleep_until(Instant until) const {
  itimerspec when{};
  if (until != kForever) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(until);
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = std::chrono::nanoseconds(until - seconds).count();
    if (until <= Instant(0)) when.it_value.tv_nsec = 1;  // zero would disarm it
  }
  ::timerfd_settime(alarm_, TFD_TIMER_ABSTIME, &when, nullptr);
  std::array<pollfd, 2> watched{{{alarm_, POLLIN, 0}, {wake_.fd(), POLLIN, 0}}};
  ::poll(watched.data(), watched.size(), -1);
}

}  // namespace latchkey::client
