#include "agent/keys/key_bench.h"

#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {

namespace names = log::names;
using SteadyClock = std::chrono::steady_clock;

struct KeyBench::Slot {
  DeviceRef device;
  std::shared_ptr<KeyDriver> driver;
  std::unique_ptr<KeyWorker> worker;
  std::unique_ptr<Alarm> retry;
  std::unique_ptr<Alarm> watch;
  std::size_t tries = 0;  ///< of this reading
  bool busy = false;      ///< being read, or asked whether it is there
  bool reading = false;   ///< … and told so
  bool again = false;     ///< a refresh came while busy
  bool failed = false;
  std::optional<std::string> empty;           ///< it holds no key, and why
  std::optional<KeyListener::Timing> timing;  ///< until the first report
};

namespace {

bool is_transient(KeyError::Kind kind) {
  return kind == KeyError::Kind::gone || kind == KeyError::Kind::no_permission ||
         kind == KeyError::Kind::busy;
}

/// A key that is still there but cannot be read. That it vanishes at every try is its own fault.
ReadResult unread(const KeyError& error) {
  const auto kind = error.kind == KeyError::Kind::gone ? KeyError::Kind::timeout : error.kind;
  return {failed_reading({kind, error.detail}).value_or(KeyReading{}), {}};
}

}  // namespace

KeyBench::KeyBench(Reactor& reactor, KeyListener& listener,
                   std::shared_ptr<const DriverRegistry> drivers, KeyReader reader,
                   BenchPolicy policy)
    : reactor_(reactor),
      listener_(listener),
      drivers_(std::move(drivers)),
      reader_(std::move(reader)),
      policy_(std::move(policy)) {}

KeyBench::~KeyBench() = default;

void KeyBench::added(const DeviceRef& device) {
  auto* driver = drivers_->find(device.driver);
  if (driver == nullptr || slots_.count(device.port) != 0) return;
  log::info(names::kKeyAdded,
            {{"port", device.port}, {"driver", device.driver}, {"device", device.node}});
  auto slot = std::make_unique<Slot>();
  slot->device = device;
  // Shares the registry: a worker that hangs may outlive the bench.
  slot->driver = std::shared_ptr<KeyDriver>(drivers_, driver);
  slot->retry = reactor_.alarm();
  slot->watch = reactor_.alarm();
  slot->timing = KeyListener::Timing{SteadyClock::now(), {}};
  auto& added = *slots_.emplace(device.port, std::move(slot)).first->second;
  read(added);
  set_reading(added, true);
}

void KeyBench::removed(const std::string& port) {
  const KeyListener::Timing timing{SteadyClock::now(), {}};
  const auto found = slots_.find(port);
  if (found == slots_.end()) return;
  log::info(names::kKeyRemoved, {{"port", port}});
  const auto slot = std::move(found->second);
  slots_.erase(found);
  slot->worker.reset();  // cancels, waits for nobody
  if (slot->empty)
    listener_.on_without_key_changed();
  else
    listener_.on_key_gone(port, timing);
  set_reading(*slot, false);
}

void KeyBench::refresh() {
  for (auto& [port, slot] : slots_) refresh(*slot);
}

void KeyBench::refresh(const std::string& port) {
  if (const auto found = slots_.find(port); found != slots_.end()) refresh(*found->second);
}

void KeyBench::refresh(Slot& slot) {
  slot.again = slot.busy;
  if (!slot.busy) read(slot);
  set_reading(slot, true);
}

void KeyBench::rescan() {
  for (auto& [port, slot] : slots_) {
    if (slot->busy || (slot->worker && slot->worker->busy())) continue;
    if (!slot->failed && !slot->empty) {
      check(*slot);
      continue;
    }
    read(*slot);
    if (slot->failed) set_reading(*slot, true);
  }
}

bool KeyBench::reading() const { return reading_ > 0; }

std::vector<std::string> KeyBench::ports() const {
  std::vector<std::string> out;
  for (const auto& [port, slot] : slots_) out.push_back(port);
  return out;
}

std::vector<DeviceWithoutKey> KeyBench::without_key() const {
  std::vector<DeviceWithoutKey> out;
  for (const auto& [port, slot] : slots_)
    if (slot->empty) out.push_back({slot->device, *slot->empty});
  return out;
}

bool KeyBench::is_emulated(const std::string& port) const {
  const auto found = slots_.find(port);
  return found != slots_.end() && found->second->device.emulated;
}

bool KeyBench::with_key(const std::string& port, std::function<KeyResult<void>(Key&)> task,
                        std::function<void(KeyResult<void>)> done) {
  const auto found = slots_.find(port);
  if (found == slots_.end() || !found->second->worker) return false;
  found->second->worker->with_key(std::move(task), std::move(done));
  return true;
}

bool KeyBench::stop(std::chrono::milliseconds limit) {
  slots_.clear();
  reading_ = 0;
  return census_->wait_empty(limit);
}

void KeyBench::read(Slot& slot) {
  if (!slot.worker)
    slot.worker = std::make_unique<KeyWorker>(reactor_, slot.driver, slot.device, reader_, census_);
  ++slot.tries;
  slot.busy = true;
  slot.retry->cancel();
  slot.watch->set(policy_.hung, [this, &slot] { give_up(slot); });
  slot.worker->read([this, &slot](WorkerReport report) { finish(slot, std::move(report)); });
}

void KeyBench::finish(Slot& slot, WorkerReport report) {
  slot.watch->cancel();
  if (slot.timing) slot.timing->device += report.device_time;
  if (report.outcome) return deliver(slot, std::move(*report.outcome));
  const auto& error = report.outcome.error();
  if (error.kind == KeyError::Kind::not_a_key) return deliver_nothing(slot, error.detail);
  if (try_again(slot, error)) return;
  log::warning(names::kKeyReadFailed, {{"port", slot.device.port}, {"detail", error.detail}});
  deliver(slot, unread(error));
}

bool KeyBench::try_again(Slot& slot, const KeyError& error) {
  slot.timing.reset();
  if (!is_transient(error.kind) || slot.tries > policy_.retries.size()) return false;
  log::debug(names::kKeyReadRetry, {{"port", slot.device.port}, {"detail", error.detail}});
  slot.retry->set(policy_.retries[slot.tries - 1], [this, &slot] { read(slot); });
  return true;
}

void KeyBench::give_up(Slot& slot) {
  log::error(names::kKeyHung, {{"port", slot.device.port}});
  slot.worker.reset();  // the next reading gets a fresh thread
  slot.timing.reset();
  deliver(slot, unread({KeyError::Kind::timeout, "the driver gave no answer"}));
}

void KeyBench::deliver(Slot& slot, ReadResult result) {
  slot.failed = !result.reading.works();
  if (std::exchange(slot.empty, std::nullopt)) listener_.on_without_key_changed();
  const auto timing = std::exchange(slot.timing, std::nullopt);
  listener_.on_key_read(slot.device, std::move(result), timing);
  conclude(slot);
}

void KeyBench::deliver_nothing(Slot& slot, const std::string& why) {
  slot.failed = false;
  slot.timing.reset();
  const auto before = std::exchange(slot.empty, why);
  if (before != why) {
    log::info(names::kKeyNone, {{"port", slot.device.port}, {"detail", why}});
    if (!before) listener_.on_key_gone(slot.device.port, std::nullopt);
    listener_.on_without_key_changed();
  }
  conclude(slot);
}

void KeyBench::conclude(Slot& slot) {
  slot.tries = 0;
  slot.busy = false;
  if (std::exchange(slot.again, false))
    read(slot);
  else
    set_reading(slot, false);
}

void KeyBench::check(Slot& slot) {
  slot.busy = true;
  slot.watch->set(policy_.hung, [this, &slot] { give_up(slot); });
  slot.worker->check([this, &slot](const KeyResult<void>& outcome) { checked(slot, outcome); });
}

void KeyBench::checked(Slot& slot, const KeyResult<void>& outcome) {
  slot.watch->cancel();
  // Any other error says nothing about presence: another program may be using the key.
  const bool gone = !outcome && (outcome.error().kind == KeyError::Kind::gone ||
                                 outcome.error().kind == KeyError::Kind::not_a_key);
  if (!gone) return conclude(slot);
  slot.again = true;  // at once: perhaps there is another card, or the same one anew (SPEC KEY-11)
  deliver_nothing(slot, outcome.error().detail);
}

void KeyBench::set_reading(Slot& slot, bool reading) {
  if (std::exchange(slot.reading, reading) == reading) return;
  reading_ += reading ? 1 : -1;
  listener_.on_reading_changed();
}

}  // namespace latchkey
