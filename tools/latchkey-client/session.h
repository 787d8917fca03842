#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tools/latchkey-client/client.h"
#include "tools/latchkey-client/line.h"

namespace latchkey::client {

/// An eventfd: once raised it stays readable until cleared.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  int fd() const { return fd_; }
  void ring() const;
  void clear() const;

 private:
  int fd_;
};

/// The thread of a client, and what it shares with the callers: it does what the machine decides.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Client::Options options, std::vector<Address> servers, TlsContext tls);
  ~Session();

  /// Error: `system-failed`.
  Result<void> start();

  void use(Usage usage);
  ClientStatus status() const;
  ClientStatus wait(std::chrono::milliseconds timeout) const;
  bool close(bool release, std::chrono::milliseconds timeout);

 private:
  void run();
  void report();
  Answer perform(const Ask& ask);
  void sleep_until(Instant until) const;
  ClientStatus status_locked() const;
  bool await_end(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds timeout);

  const Client::Options options_;
  const std::vector<Address> servers_;
  const TlsContext tls_;
  Bell wake_;    ///< look at the machine again
  Bell cancel_;  ///< stop what is under way, for good
  int alarm_;    ///< timerfd on CLOCK_BOOTTIME: goes off after a sleep as well

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  LeaseMachine machine_;
  bool stopping_ = false;
  bool closed_ = false;
  bool ended_ = false;
  std::thread thread_;

  // The thread's own.
  std::unique_ptr<Line> line_;
  std::size_t line_to_ = 0;
  std::optional<ClientStatus> told_;
};

}  // namespace latchkey::client
