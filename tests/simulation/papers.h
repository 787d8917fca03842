#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/deployment/decision.h"
#include "tests/simulation/vendor.h"

namespace latchkey::simulation {

/// The file licenses of a run, and what the administrators were told of each.
class Papers {
 public:
  enum class Word { unknown, installed, gone };

  /// Somebody asked for something that is not durable yet: it may be lost, or not.
  void asked(const std::string& hash, Time at);
  /// It is durable. What was asked for later stands.
  void told(const std::string& hash, Time at, Word word);
  void add(const Issued& license) { papers_[license.hash] = {license, Word::unknown, {}}; }
  void revoke(const std::string& id) { revoked_.insert(id); }

  const Issued* find(const std::string& hash) const;
  std::vector<const Issued*> all() const;
  const std::set<std::string>& revoked() const { return revoked_; }  ///< ids

  /// Empty when a node that knows everything has what it should have. Where nobody was told, what
  /// it says is believed.
  std::string check(const Decision& decision);

 private:
  struct Paper {
    Issued license;
    Word word;
    Time at;  ///< of what was asked for last
  };
  std::map<std::string, Paper> papers_;  // by content hash
  std::set<std::string> revoked_;
};

}  // namespace latchkey::simulation
