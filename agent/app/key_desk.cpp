#include "agent/app/key_desk.h"

#include <cstdio>
#include <utility>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/deployment/due_stamps.h"
#include "core/usbkey/stamp.h"

namespace latchkey {
namespace {

namespace names = log::names;

std::string as_ms(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", std::chrono::duration<double, std::milli>(time).count());
  return text;
}

/// A driver call may need several deadlines one after the other; far beyond them its thread is
/// given up.
BenchPolicy policy_for(std::chrono::milliseconds call_deadline) {
  BenchPolicy policy;
  policy.hung = 6 * call_deadline + std::chrono::seconds(2);
  return policy;
}

void log_reading(const DeviceRef& device, const KeyReading& reading) {
  if (reading.works()) {
    log::info(names::kKeyReadOk, {{"port", device.port}, {"key", reading.key_id}});
    return;
  }
  log::warning(names::kKeyReadFailed, {{"port", device.port},
                                       {"key", reading.key_id},
                                       {"reason", std::string(to_string(*reading.fault))},
                                       {"detail", reading.detail}});
}

}  // namespace

KeyDesk::KeyDesk(boost::asio::io_context& context, Reactor& reactor, const Clock& clock,
                 NodeLog& log, const Identity& identity, const Config::Keys& config,
                 KeyReader reader, std::function<void()> changed)
    : context_(context),
      clock_(clock),
      log_(log),
      identity_(identity),
      call_deadline_(config.call_deadline),
      use_udev_(config.udev),
      changed_(std::move(changed)),
      bench_(reactor, *this,
             std::make_shared<const DriverRegistry>(DriverSettings{config.management_keys}),
             std::move(reader), policy_for(config.call_deadline)) {
  if (!config.emulated_port.empty())
    emulated_ = std::make_unique<EmulatedSource>(context, reactor, config.emulated_port, *this);
}

Result<void> KeyDesk::start() {
  unsettled_ += (use_udev_ ? 1 : 0) + (emulated_ ? 1 : 0);
  if (use_udev_) {
    LK_TRY(udev_, UdevSource::start(context_, *this));
  }
  if (emulated_) emulated_->start();
  on_settled();  // all sources are started
  return {};
}

void KeyDesk::on_settled() {
  if (--unsettled_ > 0) return;
  // SPEC KEY-14: what the facts still believe in, but is not there, was pulled while we were down.
  log_.witness([this](Witness& w, Time now) { w.enumerated(now, bench_.ports()); });
}

void KeyDesk::rescan() {
  if (udev_) udev_->rescan();
  bench_.rescan();
}

void KeyDesk::on_key_read(const DeviceRef& device, ReadResult result,
                          const std::optional<Timing>& timing) {
  log_reading(device, result.reading);
  read_at_[device.port] = clock_.now();
  std::vector<Document> documents;
  if (result.reading.license && !result.envelope.empty())
    documents.push_back({result.reading.license->document, std::move(result.envelope)});
  log_.witness(
      [&](Witness& w, Time now) {
        w.key_read(now, device.port, device.driver, std::move(result.reading));
      },
      std::move(documents));
  if (timing) trace("plug", *timing);
}

void KeyDesk::on_key_gone(const std::string& port, const std::optional<Timing>& timing) {
  read_at_.erase(port);
  stamped_.erase(port);
  log_.witness([&](Witness& w, Time now) { w.key_gone(now, port); });
  if (timing) trace("pull", *timing);
}

/// When the change is durable and published: the agent's own share of it, for tests/bench.
void KeyDesk::trace(std::string_view what, const Timing& timing) {
  log_.when_durable([what = std::string(what), timing] {
    const auto total = std::chrono::steady_clock::now() - timing.seen;
    log::info(names::kTiming, {{"of", what},
                               {"own_ms", as_ms(total - timing.device)},
                               {"device_ms", as_ms(timing.device)}});
  });
}

void KeyDesk::write_stamps(const Decision& decision) {
  for (const auto& [key, stamp] : due_stamps(log_.view(), decision, identity_.node_id())) {
    const auto tried = stamped_.find(key.port);
    if (tried == stamped_.end() || !(tried->second == stamp)) write_stamp(key, stamp);
  }
}

void KeyDesk::write_stamp(const PluggedKey& key, const RemovalStamp& stamp) {
  stamped_[key.port] = stamp;
  const auto task = [stamp, key_id = key.reading.key_id, signer = identity_.deployment_key(),
                     limit = call_deadline_](Key& opened) -> KeyResult<void> {
    const auto bytes = make_stamp(stamp, key_id, signer);
    if (!bytes)
      return tl::make_unexpected(KeyError{KeyError::Kind::protocol, bytes.error().message});
    return opened.write_stamp(*bytes, std::chrono::steady_clock::now() + limit);
  };
  const auto told = [port = key.port](const KeyResult<void>& outcome) {
    if (outcome)
      log::info(names::kStampWritten, {{"port", port}});
    else if (outcome.error().kind == KeyError::Kind::refused)  // a key without room for stamps
      log::debug(names::kStampFailed, {{"port", port}, {"detail", outcome.error().detail}});
    else
      log::warning(names::kStampFailed, {{"port", port}, {"detail", outcome.error().detail}});
  };
  if (!bench_.with_key(key.port, task, told)) stamped_.erase(key.port);
}

bool KeyDesk::stop(std::chrono::milliseconds limit) {
  udev_.reset();
  emulated_.reset();
  return bench_.stop(limit);
}

}  // namespace latchkey
