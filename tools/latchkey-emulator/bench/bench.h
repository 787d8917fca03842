#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "tools/latchkey-emulator/device/device.h"

namespace latchkey::emulator {

/// One insertion of one key.
struct Insertion {
  std::string port;
  std::string key;
  std::uint64_t generation = 0;  ///< counts all insertions of this process, from 1
};

/// The keys of one state directory and the ports of this process into which they are plugged. A
/// port is a name; its face (the Unix socket of `PortServer`, the USB/IP server) listens here and
/// moves the reports. One thread.
///
/// Errors: `no-such-key`, `no-such-port`, `already-plugged`, `not-plugged`, `key-exists`,
/// `invalid-name`, `unknown-fault`, `state-unreadable`, `state-unwritable`, `usage`.
class Bench {
 public:
  using Listener = std::function<void(const Insertion& insertion, bool plugged)>;

  /// Creates the directory when it is not there.
  static Result<Bench> open(std::filesystem::path state_dir);

  void add_port(const std::string& name) { ports_.insert(name); }
  /// Told of every insertion and removal, after the device has changed.
  void add_listener(Listener listener) { listeners_.push_back(std::move(listener)); }

  Result<void> create(const std::string& key, KeyAlgorithm algorithm);
  Result<void> plug(const std::string& key, const std::string& port);
  Result<void> pull(const std::string& key);
  Result<void> set_fault(const std::string& key, std::string_view fault);
  /// Both license slots, but not the private key: what a thief can copy (SPEC SEC-4).
  Result<void> copy_content(const std::string& from, const std::string& to);

  /// The device of a key that is plugged into `port`, else null. Valid until the bench is gone.
  Device* plugged_device(const std::string& key, const std::string& port);
  std::vector<Insertion> insertions(const std::string& port) const;
  /// For faces, after each use of a device: notices that a fault has unplugged it.
  void notice_unplugged(const std::string& key);

  /// What `latchkey-emulator ctl` sends: `plug KEY [--port P]`, `pull KEY`, `fault KEY KIND`,
  /// `create KEY [--p256]`, `copy-content FROM TO`, `list`. `default_port` is the port whose socket
  /// it came through.
  Result<nlohmann::json> command(std::vector<std::string> arguments,
                                 const std::string& default_port);

 private:
  struct Entry {
    Device device;
    std::string port;  ///< empty: not plugged in
    std::uint64_t generation = 0;
  };

  explicit Bench(std::filesystem::path state_dir) : state_dir_(std::move(state_dir)) {}
  Result<Entry*> find(const std::string& key);
  void adopt(const std::string& key, KeyState state);
  void removed(const std::string& key, Entry& entry);
  std::filesystem::path file_of(const std::string& key) const;
  nlohmann::json list() const;

  std::filesystem::path state_dir_;
  std::map<std::string, Entry> keys_;
  std::set<std::string> ports_;
  std::vector<Listener> listeners_;
  std::uint64_t insertions_ = 0;
};

}  // namespace latchkey::emulator
