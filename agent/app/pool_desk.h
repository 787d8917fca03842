#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/app/lease_desk.h"

namespace latchkey {

/// Answers what may be used, from the published state and the leases of the moment. Reactor thread
/// only.
class PoolDesk {
 public:
  /// References outlive the desk.
  PoolDesk(const Publisher& publisher, LeaseDesk& leases, const Catalog& catalog)
      : publisher_(publisher), leases_(leases), catalog_(catalog) {}

  nlohmann::json pools() const;  ///< body of GET /v1/pools
  /// Body of GET /v1/entries.
  nlohmann::json entries(const LicenseQuery& query) const;
  /// Body of POST /v1/authorize (SPEC QUOTA-1).
  nlohmann::json authorize(Operation operation, const std::string& object) const;
  nlohmann::json alerts() const;  ///< body of GET /v1/alerts

 private:
  const StatusView& view() const { return publisher_.view(); }

  const Publisher& publisher_;
  LeaseDesk& leases_;  ///< what is used, exact at the instant of the question
  const Catalog& catalog_;
};

}  // namespace latchkey
