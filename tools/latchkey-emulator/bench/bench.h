#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "tools/latchkey-emulator/bench/persona.h"

namespace latchkey::emulator {

/// One insertion of one key.
struct Insertion {
  std::string port;
  std::string key;
  std::string_view driver;       ///< Device::driver
  std::uint64_t generation = 0;  ///< counts all insertions of this process, from 1
};

/// The keys of one state directory and the ports of this process into which they are plugged. A
/// port is a name; its face (the Unix socket of `PortServer`, the USB/IP server) listens here and
/// moves the transfers. One thread.
///
/// Errors: `no-such-key`, `no-such-port`, `already-plugged`, `not-plugged`, `key-exists`,
/// `invalid-name`, `unknown-fault`, `wrong-kind`, `state-unreadable`, `state-unwritable`, `usage`.
class Bench {
 public:
  enum class Change {
    plugged,
    pulled,
    altered,  ///< something else than a transfer has changed it: it may have something to say
  };
  using Listener = std::function<void(const Insertion& insertion, Change change)>;

  /// Creates the directory when it is not there.
  static Result<Bench> open(std::filesystem::path state_dir);

  void add_port(const std::string& name) { ports_.insert(name); }
  /// Told of every change of a plugged device, after it.
  void add_listener(Listener listener) { listeners_.push_back(std::move(listener)); }

  Result<void> create(const std::string& key, const Persona& persona);
  Result<void> plug(const std::string& key, const std::string& port);
  Result<void> pull(const std::string& key);
  Result<void> set_fault(const std::string& key, std::string_view fault);
  /// As Device::copy_content.
  Result<void> copy_content(const std::string& from, const std::string& to);

  /// The device of a key that is plugged into `port`, else null. Valid until the bench is gone.
  Device* plugged_device(const std::string& key, const std::string& port);
  std::vector<Insertion> insertions(const std::string& port) const;
  /// For faces, after each use of a device: notices that a fault has unplugged it.
  void notice_unplugged(const std::string& key);

  /// What `latchkey-emulator ctl` sends: `plug KEY [--port P]`, `pull KEY`, `fault KEY KIND`,
  /// `create KEY [--p256]`, `create KEY --piv [--short-apdu] [--composite] [--aes]`,
  /// `copy-content FROM TO`, `list`. `default_port` is the port whose socket
  /// it came through.
  Result<nlohmann::json> command(std::vector<std::string> arguments,
                                 const std::string& default_port);

 private:
  struct Entry {
    std::unique_ptr<Device> device;
    std::string port;  ///< empty: not plugged in
    std::uint64_t generation = 0;
  };

  explicit Bench(std::filesystem::path state_dir) : state_dir_(std::move(state_dir)) {}
  Result<Entry*> find(const std::string& key);
  Result<void> adopt(const std::string& key, std::string_view state);
  void removed(const std::string& key, Entry& entry);
  void tell(const Insertion& insertion, Change change) const;
  static Insertion insertion_of(const std::string& key, const Entry& entry);
  std::filesystem::path file_of(const std::string& key) const;
  nlohmann::json list() const;

  std::filesystem::path state_dir_;
  std::map<std::string, Entry> keys_;
  std::set<std::string> ports_;
  std::vector<Listener> listeners_;
  std::uint64_t insertions_ = 0;
};

}  // namespace latchkey::emulator
