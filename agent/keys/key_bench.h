#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/keys/key_worker.h"
#include "drivers/registry/registry.h"

namespace latchkey {

/// What the key bench tells; on the reactor.
class KeyListener {
 public:
  struct Timing {
    std::chrono::steady_clock::time_point seen;  ///< when the event arrived
    std::chrono::nanoseconds device{};           ///< of it, inside the driver
  };
  virtual ~KeyListener() = default;
  /// `timing` is there for the first reading after an insertion that needed no second try.
  virtual void on_key_read(const DeviceRef& device, ReadResult result,
                           const std::optional<Timing>& timing) = 0;
  /// The port holds no key, or not any more; also for a port never named before. `timing` is there
  /// when the device was unplugged, not when its card left.
  virtual void on_key_gone(const std::string& port, const std::optional<Timing>& timing) = 0;
  virtual void on_reading_changed() = 0;
  virtual void on_without_key_changed() = 0;
};

/// May hold a key and does not (KeyError::Kind::not_a_key): a reader without a card, a token that
/// is not prepared.
struct DeviceWithoutKey {
  DeviceRef device;
  std::string why;
};

struct BenchPolicy {
  /// Waits before the next tries while a freshly plugged key vanishes, is busy or not yet ours:
  /// udev and desktop programs touch a new device for a moment. After the last one the failure is
  /// reported.
  std::vector<std::chrono::milliseconds> retries{std::chrono::milliseconds(50),
                                                 std::chrono::milliseconds(150),
                                                 std::chrono::milliseconds(400)};
  /// A worker that has said nothing for so long is given up: its key is unreadable.
  std::chrono::milliseconds hung{20'000};
};

/// The devices that may be keys on this node, and their workers. Reactor thread only; nothing here
/// blocks.
class KeyBench {
 public:
  KeyBench(Reactor& reactor, KeyListener& listener, std::shared_ptr<const DriverRegistry> drivers,
           KeyReader reader, BenchPolicy policy = {});
  ~KeyBench();

  void added(const DeviceRef& device);
  void removed(const std::string& port);
  /// Reads every key again (SPEC KEY-10).
  void refresh();
  void refresh(const std::string& port);  ///< this one alone
  /// Looks again, unasked (SPEC KEY-13): at keys whose last reading failed, because what was busy
  /// or forbidden may have become free; at devices without a key, which may have got a card; and
  /// whether the keys that were read still are there. Who is busy is left alone.
  void rescan();

  bool reading() const;  ///< some key is being read; a look into an empty reader is none
  std::vector<std::string> ports() const;
  std::vector<DeviceWithoutKey> without_key() const;  ///< by port
  bool is_emulated(const std::string& port) const;

  /// Something else with one key, on its worker. False when the key is not there: at the start the
  /// facts still know what was plugged in before. `done` is dropped when the key leaves meanwhile.
  [[nodiscard]] bool with_key(const std::string& port, std::function<KeyResult<void>(Key&)> task,
                              std::function<void(KeyResult<void>)> done);

  /// Cancels every key; then tells whether all workers ended within `limit`. Blocks: only at the
  /// very end.
  bool stop(std::chrono::milliseconds limit);

 private:
  struct Slot;
  void refresh(Slot& slot);
  void read(Slot& slot);
  void finish(Slot& slot, WorkerReport report);
  bool try_again(Slot& slot, const KeyError& error);
  void give_up(Slot& slot);
  void deliver(Slot& slot, ReadResult result);
  void deliver_nothing(Slot& slot, const std::string& why);
  void conclude(Slot& slot);
  void check(Slot& slot);
  void checked(Slot& slot, const KeyResult<void>& outcome);
  void set_reading(Slot& slot, bool reading);

  Reactor& reactor_;
  KeyListener& listener_;
  std::shared_ptr<const DriverRegistry> drivers_;
  KeyReader reader_;
  BenchPolicy policy_;
  std::shared_ptr<WorkerCensus> census_ = std::make_shared<WorkerCensus>();
  std::map<std::string, std::unique_ptr<Slot>> slots_;
  int reading_ = 0;
};

}  // namespace latchkey
