#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "agent/reactor/reactor.h"
#include "core/ports.h"
#include "core/usbkey/read_key.h"

namespace latchkey {

/// Reads a key from its public key to its license (core/usbkey/read_key.h), on the key's worker
/// thread. Errors: `gone` (pulled meanwhile), `not_a_key`.
using KeyReader = std::function<KeyResult<ReadResult>(Key&)>;

struct WorkerReport {
  /// An error: it could not be opened, is gone, or is no key.
  KeyResult<ReadResult> outcome = tl::make_unexpected(KeyError{});
  std::chrono::nanoseconds device_time{};  ///< spent inside the driver: open(2) and USB transfers
};

/// The workers that still run, abandoned ones included: the process must not tear down its globals
/// under them.
class WorkerCensus;

/// The thread of one key. It owns the opened key and does one thing at a time; destroying the
/// worker never waits: it cancels the key and leaves the thread to end by itself, however long its
/// driver hangs (DESIGN 4).
class KeyWorker {
 public:
  KeyWorker(Reactor& reactor, std::shared_ptr<KeyDriver> driver, DeviceRef device, KeyReader reader,
            std::shared_ptr<WorkerCensus> census);
  ~KeyWorker();
  KeyWorker(const KeyWorker&) = delete;
  KeyWorker& operator=(const KeyWorker&) = delete;

  /// `done` runs on the reactor, unless the worker is destroyed before.
  void read(std::function<void(WorkerReport)> done);
  /// Anything else with the opened key, after what was asked before.
  void with_key(std::function<KeyResult<void>(Key&)> task,
                std::function<void(KeyResult<void>)> done);
  /// Key::check_present of the opened key.
  void check(std::function<void(KeyResult<void>)> done);
  /// Something that was asked has not been answered yet.
  bool busy() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

class WorkerCensus {
 public:
  WorkerCensus();
  ~WorkerCensus();
  void enter();
  void leave();
  /// Waits until no worker runs; false when some still do after `limit`.
  bool wait_empty(std::chrono::milliseconds limit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace latchkey
