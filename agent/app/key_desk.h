#pragma once

#include <map>
#include <memory>
#include <string>

#include "agent/app/node_log.h"
#include "agent/config/config.h"
#include "agent/identity/identity.h"
#include "agent/keys/emulated_source.h"
#include "agent/keys/key_bench.h"
#include "agent/keys/udev_source.h"

namespace latchkey {

/// The keys of this node: hotplug in, facts out; and the removal stamp back onto the key (SPEC
/// BUF-10). Reactor thread only.
class KeyDesk final : public KeyListener, public udev::Observer {
 public:
  /// `changed`: something that is no fact changed (a reading began or ended). References outlive
  /// the desk.
  KeyDesk(boost::asio::io_context& context, Reactor& reactor, const Clock& clock, NodeLog& log,
          const Identity& identity, const Config::Keys& config, KeyReader reader,
          std::function<void()> changed);

  /// Starts the sources of hotplug. Error: `udev-unavailable`.
  Result<void> start();
  void refresh() { bench_.refresh(); }
  /// SPEC KEY-13; the clock of it is the owner's.
  void rescan();
  void refresh(const std::string& port) { bench_.refresh(port); }
  /// As KeyBench::with_key.
  [[nodiscard]] bool with_key(const std::string& port, std::function<KeyResult<void>(Key&)> task,
                              std::function<void(KeyResult<void>)> done) {
    return bench_.with_key(port, std::move(task), std::move(done));
  }
  /// Writes the removal history to the keys that do not carry it yet.
  void write_stamps(const Decision& decision);

  /// Also until the first look at what is plugged in has ended: before that nothing is known to be
  /// up to date.
  bool reading() const { return unsettled_ > 0 || bench_.reading(); }
  const std::map<std::string, Time>& read_at() const { return read_at_; }  ///< by port
  std::vector<DeviceWithoutKey> without_key() const { return bench_.without_key(); }
  /// Ends all sources and workers; false when a worker still hangs.
  bool stop(std::chrono::milliseconds limit);

  void on_added(const DeviceRef& device) override { bench_.added(device); }
  void on_removed(const std::string& port) override { bench_.removed(port); }
  void on_settled() override;
  void on_key_read(const DeviceRef& device, ReadResult result,
                   const std::optional<Timing>& timing) override;
  void on_key_gone(const std::string& port, const std::optional<Timing>& timing) override;
  void on_reading_changed() override { changed_(); }
  void on_without_key_changed() override { changed_(); }

 private:
  void trace(std::string_view what, const Timing& timing);
  void write_stamp(const PluggedKey& key, const RemovalStamp& stamp);

  boost::asio::io_context& context_;
  const Clock& clock_;
  NodeLog& log_;
  const Identity& identity_;
  std::chrono::milliseconds call_deadline_;
  bool use_udev_;
  std::function<void()> changed_;
  KeyBench bench_;
  std::unique_ptr<EmulatedSource> emulated_;
  std::unique_ptr<UdevSource> udev_;
  int unsettled_ = 1;  ///< sources that have not reported all they have, and start() itself
  std::map<std::string, Time> read_at_;
  std::map<std::string, RemovalStamp> stamped_;  ///< by port: what was written or tried
};

}  // namespace latchkey
