#pragma once

#include <chrono>
#include <functional>

#include "agent/api/consumers.h"
#include "agent/api/site_backend.h"
#include "agent/app/publisher.h"
#include "agent/identity/identity.h"
#include "core/site/upstream.h"

namespace latchkey {

/// Serves client sites (SPEC SRV-3). What a site holds is an ordinary lease, whose TTL is longer
/// than the grace that is signed. Reactor thread only.
class SiteDesk final : public DrawBackend {
 public:
  struct Parts {
    const Clock& clock;
    const Publisher& publisher;
    const Identity& identity;
    Consumers& consumers;
    /// What this deployment draws itself: its sites cannot have what it has not.
    std::function<const UpstreamState&()> upstream;
    std::chrono::seconds reserve;  ///< how long a site that is not heard of keeps its seats
  };
  /// References outlive the desk.
  explicit SiteDesk(Parts parts) : parts_(std::move(parts)) {}

  void draw(const net::Caller& caller, DrawOrder order, net::Done done) override;
  void end_draw(const net::Caller& caller, net::Done done) override;

 private:
  std::optional<Error> refuse(const DrawOrder& order) const;
  net::Response with_grant(const net::Response& lease, const std::string& site,
                           const std::string& nonce) const;
  SiteGrant grant(const std::string& site, const std::string& nonce, const Quantities& held) const;
  std::uint32_t grace() const;

  Parts parts_;
};

}  // namespace latchkey
