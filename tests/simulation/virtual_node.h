#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "agent/app/agent_clock.h"
#include "agent/app/license_upload.h"
#include "agent/app/node_log.h"
#include "agent/peer/replicator.h"
#include "core/deployment/import_situation.h"
#include "core/pool/entitlement.h"
#include "tests/simulation/virtual_disk.h"
#include "tests/simulation/virtual_key.h"
#include "tests/simulation/virtual_reactor.h"

namespace latchkey::simulation {

inline constexpr Duration kSettle = std::chrono::seconds(3);
/// What licenses call this deployment.
inline const DeploymentId kDeployment(64, 'd');
inline constexpr Duration kPeerHold = std::chrono::seconds(30);

/// One machine: a disk, ports, a clock, and while it runs the agent's own NodeLog and Replicator.
class VirtualNode {
 public:
  /// References outlive the node. The machine is switched off.
  VirtualNode(char letter, const Vendor& vendor, std::mt19937& random);
  ~VirtualNode();
  VirtualNode(VirtualNode&&) = delete;

  const std::string& id() const { return id_; }
  std::string name() const { return id_.substr(0, 1); }
  bool running() const { return life_ != nullptr; }
  /// License time (SPEC TIME-1); runs.
  Time license_time() const;
  Decision decide() const { return log().decide(license_time()); }
  NodeLog& log() const;

  /// `booted`: the machine was off, too.
  void start(Time now, bool booted);
  /// Tells the disk that it stops, as on SIGTERM.
  void stop();
  /// Whatever is not on the disk is lost; `written` as VirtualDisk::lose_power.
  void crash(bool written);

  void plug(const std::string& port, VirtualKey& key);
  void pull(const std::string& port);
  void read(const std::string& port);
  /// What the agent does when it has published: stamps (SPEC BUF-10) and licenses (LIC-8) go to the
  /// keys that lack them, and the clock learns from licenses.
  void tend_keys();
  /// A heartbeat: both tell each other their time.
  void hear(const VirtualNode& peer);
  /// The clock's memory is kept.
  void keep_clock();
  /// An upload as core/license/package.h has it: licenses (SPEC LIC-4…8) and trust bundles (SPEC
  /// SEC-5). `done` when what is accepted of it is durable.
  UploadedDocuments install(const std::string& upload, std::function<void()> done);
  /// SPEC LIC-2; as LicenseDesk::remove().
  Result<void> remove(const std::string& id, std::function<void()> done);
  /// What this node's machine is.
  Factors factors() const;
  Entitlements entitlements(const Decision& decision) const;

  void connect(peer::ChannelPtr channel, const std::string& peer);
  bool linked() const;  ///< both sides have each other's facts

  /// One thing that was waiting is done; false when nothing was.
  bool work();
  /// Alarms up to `to`. The clock stands still while the machine is off.
  void advance(Time to);
  std::optional<Time> next_alarm() const;

  /// By port, what is plugged in, whether the machine runs or not.
  const std::map<std::string, VirtualKey*>& ports() const { return ports_; }
  Time started() const { return started_; }  ///< true time of the latest start
  std::string fresh_chain();

  VirtualDisk disk;
  Duration clock_error{};  ///< wall clock minus true time

 private:
  class Host;
  struct Life;

  UploadedDocuments open(const std::string& upload) const;
  void take_in(const UploadedDocuments& documents);
  void mind_trust(const Decision& decision);
  std::shared_ptr<const StoredLicense> find(const std::string& hash) const;
  bool fill(std::span<std::uint8_t> out);
  ClockReading read_clocks() const;
  VirtualKey* roomy_key(const PluggedKey& plugged) const;
  void changed();

  std::string id_;  // 32 times its letter
  const Vendor& vendor_;
  std::mt19937& random_;
  std::map<std::string, VirtualKey*> ports_;
  Time started_{};
  Time booted_{};
  std::unique_ptr<Life> life_;
};

}  // namespace latchkey::simulation
