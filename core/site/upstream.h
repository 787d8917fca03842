#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/pool/entitlement.h"
#include "core/site/site_grant.h"
#include "core/site/upstream_fact.h"

namespace latchkey {

/// What a client site has of its upstream, as its facts say.
struct UpstreamState {
  std::optional<UpstreamConnected> connected;
  std::optional<SiteGrant> grant;  ///< the last one, verified
  std::string sealed;              ///< as it came
  Quantities held;                 ///< never more than the grant says
  /// Without another word what is held counts until then (license time).
  Time good_until{};
  struct Loss {
    Time since;
    Error why;
  };
  std::optional<Loss> lost;
};

/// A fold over the upstream facts of all nodes, in canonical order (core/deployment/fact.h), so the
/// same on both nodes.
class UpstreamFold {
 public:
  void apply(Time at, const UpstreamFact& fact);
  /// A grant that its upstream did not sign, or not for this site, counts for nothing.
  UpstreamState state() const;

 private:
  void on(Time at, const UpstreamConnected& fact);
  void on(Time at, const UpstreamDisconnected& fact);
  void on(Time at, const UpstreamHeld& fact);
  void on(Time at, const UpstreamLost& fact);

  std::optional<UpstreamConnected> connected_;
  std::optional<UpstreamHeld> held_;
  Time held_at_{};
  std::optional<UpstreamLost> lost_;
  Time lost_at_{};
};

/// The consumer id of the identity at its upstream. Ids that begin like it are for sites alone.
std::string site_consumer(const std::string& identity);
bool is_site_consumer(std::string_view consumer);

/// What is held, as a license document of which every pool is an entry, also those of which nothing
/// is held yet. Null without a grant.
std::shared_ptr<const StoredLicense> upstream_license(const UpstreamState& state);

}  // namespace latchkey
