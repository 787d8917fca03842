#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/deployment/decision.h"
#include "core/license/document.h"

namespace latchkey::simulation {

/// What SPEC KEY and BUF say of a deployment that sees everything at once, the plain way: one event
/// after the other, no facts, no late news, no fold. Between two events lies more than the settle
/// time; what comes back sooner is told as move().
class Reference {
 public:
  struct License {
    Time issued;
    ValidityWindow validity;
  };
  struct Removals {
    int count = 0;
    Time last{};
    Time buffer_until{};
  };

  /// A key is plugged in, or answers differently than before. No license: it does not work.
  void plugged(Time at, const std::string& node, const std::string& key,
               std::optional<License> license);
  void pulled(Time at, const std::string& key);
  /// It came back within the settle time: it was never away (SPEC KEY-11).
  void moved(Time at, const std::string& node, const std::string& key);
  /// Everybody has forgotten what the key itself remembers (SPEC BUF-10).
  void reminded(const std::string& key, const RemovalStamp& stamp);
  /// Another license counts for this key from now on.
  void licensed(Time at, const std::string& key, License license);

  /// Takes over what a decision says, where events happened that nobody could see.
  void adopt(const Decision& decision, std::map<std::string, std::string> nodes_by_key,
             const std::map<std::string, License>& licenses);

  KeyState state() const { return state_; }
  const std::string& in_use() const { return in_use_; }
  /// Empty when the decision is what the rules say at `now`, else what differs.
  std::string compare(const Decision& decision, Time now) const;

 private:
  struct Plugged {
    std::string node;
    std::optional<License> license;
  };
  struct Buffer {
    std::string key;
    License bridged;
    Time since;
    Time until;
  };

  void settle(Time at);
  std::map<std::string, int> counts() const;
  std::vector<std::string> candidates() const;
  std::string choose() const;
  void removed(Time at);
  Time buffer_end(const std::string& key, Time removal) const;
  bool usable(Time now) const;

  std::map<std::string, Plugged> plugged_;  // by key
  std::map<std::string, Removals> removals_;
  KeyState state_ = KeyState::missing;
  std::string in_use_;
  License license_{};  // of the key in use
  std::optional<Buffer> buffer_;
};

}  // namespace latchkey::simulation
