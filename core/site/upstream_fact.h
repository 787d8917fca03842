#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/deployment_id.h"
#include "core/base/result.h"
#include "core/pool/pool_id.h"

namespace latchkey {

// What a client site knows of its upstream (SPEC SRV-3): facts, so that both its nodes know it, a
// restart loses nothing, and the records have it. Nothing in them is secret: the site's private
// key follows from the deployment's (UpstreamConnected::token).

/// An administrator bound this deployment to an upstream, in place of the one before.
struct UpstreamConnected {
  std::vector<std::string> servers;  ///< `https://HOST:PORT`
  std::string pin;  ///< of the CA that its servers belong to: SHA-256 of the key, in hex
  std::string ca;   ///< PEM of another CA, for servers with a certificate of their own; or empty
  std::string certificate;  ///< PEM: of this site
  std::string identity;     ///< this site's id there, 16 hex digits
  std::string token;        ///< id of the enrolment token: the key's label
  std::string key;          ///< the upstream deployment's public key, base64 DER
  std::string by;
  bool operator==(const UpstreamConnected&) const = default;
};
struct UpstreamDisconnected {
  std::string by;
  bool operator==(const UpstreamDisconnected&) const = default;
};
/// From now on this site counts `held` as its own: what the signed grant says, or less.
struct UpstreamHeld {
  std::string grant;         ///< envelope (core/site/site_grant.h)
  Quantities held;           ///< nothing of quantity 0
  std::uint32_t left_s = 0;  ///< of the grant's grace, when this was written
  bool operator==(const UpstreamHeld&) const = default;
};
/// The upstream does not answer any more, or refuses; the next UpstreamHeld ends that.
struct UpstreamLost {
  std::string code, message, cure;  ///< of the Error
  std::uint32_t left_s = 0;         ///< as UpstreamHeld::left_s
  bool operator==(const UpstreamLost&) const = default;
};

using UpstreamFact =
    std::variant<UpstreamConnected, UpstreamDisconnected, UpstreamHeld, UpstreamLost>;

inline constexpr std::size_t kMaxUpstreamServers = 4;

std::string_view kind(const UpstreamFact& fact);  ///< `upstream-connected`, …
/// For a record: what happened, in one sentence without a full stop.
std::string describe(const UpstreamFact& fact);
/// Who did it; empty: nobody in person.
std::string_view done_by(const UpstreamFact& fact);

/// Adds the members of `fact` to `out`, an object; its kind is the caller's.
void write_upstream_fact(const UpstreamFact& fact, nlohmann::json& out);
/// Hostile input; nothing when `kind` names none of them. What every fact has is not looked at.
/// Error: `invalid-fact`.
std::optional<Result<UpstreamFact>> read_upstream_fact(std::string_view kind,
                                                       const nlohmann::json& in);

}  // namespace latchkey
