#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace latchkey {

/// One timer. Destroying or re-setting it drops the pending call. Reactor thread only.
class Alarm {
 public:
  virtual ~Alarm() = default;
  virtual void set(std::chrono::milliseconds after, std::function<void()> call) = 0;
  virtual void cancel() = 0;
};

/// The one thread that owns all state (DESIGN 4), as the parts of the agent see it: the real one is
/// Asio (asio_reactor.h), tests use one that they step by hand (tests/support/manual_reactor.h).
class Reactor {
 public:
  virtual ~Reactor() = default;
  /// From any thread: runs `call` on the reactor thread, after what was posted before.
  virtual void post(std::function<void()> call) = 0;
  virtual std::unique_ptr<Alarm> alarm() = 0;
};

}  // namespace latchkey
