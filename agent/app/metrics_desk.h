#pragma once

#include <functional>
#include <string>

#include "agent/app/lease_desk.h"
#include "agent/app/metrics.h"
#include "agent/app/publisher.h"
#include "agent/store/sqlite_store.h"

namespace latchkey {

/// Gathers what GET /metrics says. Reactor thread only.
class MetricsDesk {
 public:
  /// All of it outlives the desk.
  struct Parts {
    const Clock& clock;
    const Publisher& publisher;
    const LeaseDesk& leases;
    const PeerDesk& peer;
    const SqliteStore& store;
    const net::Traffic& traffic;
    std::function<std::uint32_t()> boot_seconds;
  };
  explicit MetricsDesk(Parts parts) : parts_(std::move(parts)), started_(parts_.boot_seconds()) {}

  std::string text() const;  ///< body of GET /metrics

 private:
  Parts parts_;
  std::uint32_t started_;
};

}  // namespace latchkey
