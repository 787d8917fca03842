#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/app/node_log.h"
#include "agent/app/read_settings.h"
#include "agent/app/records.h"
#include "agent/app/trust_files.h"

namespace latchkey {

/// Whom this node believes, and how that changes while it runs (SPEC SEC-5): by a reload, and by
/// the bundles that administrators installed here (LicenseIntake) or on the other node. Reactor
/// thread only.
class TrustDesk {
 public:
  struct Parts {
    const Clock& clock;
    NodeLog& log;
    std::shared_ptr<ReadSettings> settings;
    std::function<NodeNames()> names;
    std::function<void()> changed;  ///< another bundle is in force: keys are to be read again
  };
  /// `chain` is what `configured` and the facts of the log come to. References outlive the desk.
  TrustDesk(Parts parts, ConfiguredTrust configured, TrustChain chain);

  /// Body of GET /v1/trust.
  nlohmann::json show() const;

  /// Takes in the bundles that became durable since the last look, whoever installed them.
  void look();
  /// A reload. On error nothing changes; errors as open_trust().
  Result<void> configure(ConfiguredTrust configured);

 private:
  void take_effect();
  nlohmann::json origin() const;

  Parts parts_;
  ConfiguredTrust configured_;
  TrustChain chain_;
  std::uint64_t seen_ = 0;  ///< position of the newest fact that was looked at
};

}  // namespace latchkey
