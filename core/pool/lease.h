#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/pool/pool_id.h"

namespace latchkey {

inline constexpr std::size_t kMaxConsumerId = 64;          ///< bytes
inline constexpr std::size_t kMaxOwner = 128;              ///< bytes
inline constexpr std::size_t kMaxLeaseItems = 32;          ///< pools that one consumer uses
inline constexpr std::size_t kMaxLeases = 4'000'000;       ///< of a deployment
inline constexpr std::size_t kMaxPools = 4096;             ///< that leases of a deployment name
inline constexpr std::uint64_t kMaxQuantity = 1ULL << 40;  ///< so that no sum of leases wraps
inline constexpr std::uint32_t kMaxTtl = 86'400;           ///< seconds
inline constexpr std::uint32_t kDefaultTtl = 60;           ///< seconds

/// `[A-Za-z0-9][A-Za-z0-9._:-]{0,63}`.
bool is_consumer_id(std::string_view text);

struct UsageItem {
  PoolId pool;
  std::uint64_t quantity = 0;  ///< up to kMaxQuantity
  bool operator==(const UsageItem&) const = default;
};

/// Orders the states of one consumer's lease, wherever they were granted (SPEC SRV-4): a later
/// holder's are later, and each holder counts on.
struct LeaseVersion {
  std::uint32_t epoch = 0;
  std::uint64_t number = 0;
  auto operator<=>(const LeaseVersion&) const = default;
};

/// Capacity held by a consumer (SPEC POOL-3): all that it uses.
struct Lease {
  std::string consumer;
  std::string owner;             ///< the identity that connected it
  std::vector<UsageItem> usage;  ///< by pool, each once, nothing of quantity 0
  std::uint32_t ttl_s = kDefaultTtl;
  LeaseVersion version;
  std::uint64_t request = 0;  ///< hash of the request id that led to it; 0: there was none
  bool operator==(const Lease&) const = default;
};

/// What an administrator set for one consumer (SPEC POOL-8).
struct ConsumerTerms {
  Quantities reserve;    ///< nobody else gets it, used or not
  Quantities cap;        ///< it gets no more than that
  Quantities low_water;  ///< an alert stands when it could get less than that
  bool empty() const { return reserve.empty() && cap.empty() && low_water.empty(); }
  bool operator==(const ConsumerTerms&) const = default;
};
using TermsByConsumer = std::map<std::string, ConsumerTerms, std::less<>>;

}  // namespace latchkey
