#pragma once

#include <functional>
#include <map>
#include <string>

#include "agent/app/key_desk.h"
#include "agent/app/read_settings.h"

namespace latchkey {

/// Brings installed licenses onto the keys of this node that do not carry them yet (SPEC LIC-8).
/// Level-triggered: whatever was interrupted (a pulled key, a killed agent, a power loss) is done
/// when the key is seen again without its license. Reactor thread only.
class LicenseWriter {
 public:
  enum class State {
    writing,
    written,
    refused,  ///< the key cannot store it: the agents keep it, until the key is plugged in anew
    failed,   ///< is tried again at a later rescan
  };
  struct Attempt {
    std::string document;  ///< content hash
    State state = State::writing;
    Error error;  ///< of `refused` and `failed`
    int tries = 1;
    int rest = 0;  ///< rescans to let pass: fewer writes to a key that keeps failing
  };

  /// `changed` runs when an attempt has ended. References outlive the writer.
  LicenseWriter(std::string node, const NodeLog& log, KeyDesk& keys, KeyWriter write,
                std::function<void()> changed);

  void write_missing(const Decision& decision);
  void rescan();
  /// The latest attempt for the key at this port; null before the first.
  const Attempt* attempt(const std::string& port) const;

 private:
  void write(const std::string& port, const std::string& document);
  void ended(const std::string& port, const std::string& document, const Result<void>& outcome);

  const std::string node_;
  const NodeLog& log_;
  KeyDesk& keys_;
  const KeyWriter write_;
  const std::function<void()> changed_;
  std::map<std::string, Attempt> attempts_;  // by port, which is new with each insertion
};

}  // namespace latchkey
