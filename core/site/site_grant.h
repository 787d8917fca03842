#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/deployment_id.h"
#include "core/base/result.h"
#include "core/license/document.h"
#include "core/pool/pool_id.h"

namespace latchkey {

inline constexpr std::string_view kSiteGrantType = "application/vnd.latchkey.site-grant.v1+json";
/// Deployments one below the other, the one at the top included.
inline constexpr std::size_t kMaxSiteDepth = 8;
inline constexpr std::size_t kMaxGrantPools = 128;

struct GrantedPool {
  std::uint64_t quantity = 0;  ///< what the site holds now; may be 0
  EntryKind kind = EntryKind::base;
  Time until;  ///< when the last license behind it ends
  bool operator==(const GrantedPool&) const = default;
};

/// What a deployment lets one client site use, and for how long after it is heard of no more (SPEC
/// SRV-3). The deployment keeps `quantity` reserved for longer than that, so nothing counts twice.
struct SiteGrant {
  DeploymentId deployment;  ///< who grants
  /// Whom that one draws from, nearest first; empty: nobody. At most kMaxSiteDepth.
  std::vector<DeploymentId> chain;
  std::string site;   ///< the consumer id that the site has there
  std::string nonce;  ///< 32 hex digits, chosen by the site for this answer
  Time issued;
  std::uint32_t grace_s = 0;  ///< 0 to kMaxTtl
  /// Every pool that the site may draw from.
  std::map<PoolId, GrantedPool> pools;
  bool operator==(const SiteGrant&) const = default;
};

/// An envelope (core/license/envelope.h) signed with the deployment's key. Error: `crypto-failed`.
Result<std::string> seal_grant(const SiteGrant& grant, const PrivateKey& deployment_key);
/// Verified before it is read. Hostile input. Errors: `invalid-format`, `signature-invalid`.
Result<SiteGrant> open_grant(std::string_view envelope, const PublicKey& deployment_key);
/// The payload of an envelope. Hostile input. Error: `invalid-format`.
Result<SiteGrant> parse_grant(ByteView payload);

}  // namespace latchkey
