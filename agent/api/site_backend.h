#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/net/http.h"
#include "core/base/deployment_id.h"
#include "core/base/result.h"
#include "core/pool/lease.h"

namespace latchkey {

/// What a client site states (SPEC SRV-3).
struct DrawOrder {
  DeploymentId deployment;       ///< the site's own
  std::string nonce;             ///< 32 hex digits, for the grant to repeat
  std::vector<UsageItem> usage;  ///< all that it holds from now on; up to kMaxLeaseItems
  std::string token;             ///< of the lease, for a node that lost it; may be empty
};

/// Serves client sites: what they hold is a lease, `site:` and their identity. Reactor thread only.
class DrawBackend {
 public:
  virtual ~DrawBackend() = default;
  /// As Consumers::state_usage(); the answer carries a signed grant. Codes beside: `site-loop`,
  /// `site-too-deep`.
  virtual void draw(const net::Caller& caller, DrawOrder order, net::Done done) = 0;
  virtual void end_draw(const net::Caller& caller, net::Done done) = 0;
};

struct UpstreamOrder {
  std::vector<std::string> servers;  ///< `https://HOST[:8201]`, 1 to kMaxUpstreamServers
  std::string token;                 ///< of `latchkey server token create --role client-site`
  std::string ca;  ///< PEM, for servers with a certificate of another CA; may be empty
};

/// This deployment as a client site of another. Reactor thread only.
class UpstreamBackend {
 public:
  using JsonDone = std::function<void(Result<nlohmann::json>)>;

  virtual ~UpstreamBackend() = default;
  virtual nlohmann::json upstream() const = 0;  ///< body of GET /v1/upstream
  /// Enrols, draws for the first time, and answers as upstream() when that is durable.
  virtual void connect(const net::Caller& caller, UpstreamOrder order, JsonDone done) = 0;
  /// Gives everything back.
  virtual void disconnect(const net::Caller& caller, JsonDone done) = 0;
};

}  // namespace latchkey
