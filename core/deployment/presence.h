#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/deployment/decision.h"
#include "core/deployment/fact.h"
#include "core/deployment/kept_licenses.h"
#include "core/usbkey/status_table.h"

namespace latchkey {

/// Which keys are plugged in where, as the facts tell it. Refers into the facts, which must outlive
/// it.
class Presence {
 public:
  void read(Time at, const Fact& fact, const KeyRead& read);
  void gone(const Fact& fact, const KeyGone& gone);
  /// From now on nothing that this node said or says counts, until it comes back.
  void leave(const std::string& node);
  void come_back(const std::string& node) { absent_.erase(node); }
  bool counts(const std::string& node) const { return absent_.count(node) == 0; }

  std::vector<KeyInPort> in_ports(const KeptLicenses& kept) const;
  std::vector<PluggedKey> plugged(const KeptLicenses& kept) const;  ///< by node and port

 private:
  struct Slot {
    std::string_view node;
    Time since;
    Time read_at;
    const KeyRead* read;
  };
  void leave_elsewhere(std::string_view node, const KeyRead& read);

  std::vector<Slot> slots_;
  std::set<std::string> absent_;  // unreachable or replaced
};

}  // namespace latchkey
