#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/deployment/decision.h"
#include "core/pool/capacity.h"

namespace latchkey::simulation {

/// What SPEC POOL-1, POOL-2, LIC-1 and LIC-3 make of what is installed and in use, counted the
/// plain way.
class ReferencePools {
 public:
  /// Every document that was ever issued, by its content hash.
  using Find = std::function<const LicenseDocument&(const std::string& hash)>;

  ReferencePools(const Decision& decision, const Find& find);

  bool usable() const { return usable_; }  ///< some base entry counts
  std::uint64_t total(const PoolId& pool) const;
  /// Empty when both say the same, of pools that draw on no other one.
  std::string compare(const Entitlements& entitlements, const Usage& usage) const;

 private:
  struct Claim {
    const LicenseDocument* document;
    std::string hash;
    bool file;
    Time until;
  };
  struct Latest {
    std::optional<Time> key, file;
  };

  bool superseded(const Claim& claim) const;
  bool counts(const Claim& claim, const LicenseEntry& entry) const;
  void find_latest();
  bool hidden(const Claim& claim, const LicenseEntry& entry) const;
  template <class Use>
  void for_each_counting(Use use) const;

  Time now_;
  std::vector<Claim> claims_;
  bool usable_ = false;
  std::map<std::string, Latest> latest_;  // of each module: when its documents were issued
  std::map<PoolId, std::uint64_t> totals_;
};

}  // namespace latchkey::simulation
