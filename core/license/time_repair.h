#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/deployment_id.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey {

inline constexpr std::string_view kTimeRepairType = "application/vnd.latchkey.time.v1+json";

/// The longest that a time repair may be used.
inline constexpr Duration kTimeRepairLife = 14 * kDay;

/// The vendor's word that license time went wrong in one deployment (SPEC TIME-2), the one document
/// that takes it back. Not to be kept for another day: each node uses it once, until `until`, and
/// what counts as that is license time without the jump, which nobody can keep from passing.
struct TimeRepair {
  std::string id;           ///< unique; what makes it usable once
  DeploymentId deployment;  ///< that it is for
  std::string issuer;       ///< the name of the issuing key in the trust bundle, of scope `time`
  Time time;                ///< when it was issued, by the vendor's clock
  Time until;               ///< after `time`, by at most kTimeRepairLife; the last instant of use
  bool operator==(const TimeRepair&) const = default;
};

/// The payload of a verified envelope. Strict. Error: `invalid-format`.
Result<TimeRepair> parse_time_repair(ByteView payload);
/// Canonical JSON, as it is signed.
std::string serialise(const TimeRepair& repair);

}  // namespace latchkey
