#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/base/result.h"
#include "tools/latchkey-client/response_reader.h"

namespace latchkey::client {

/// What a server says of the pool that has not enough left (SPEC POOL-5).
struct PoolFigures {
  std::string object, unit;
  std::uint64_t total = 0, used = 0, available = 0;
  bool operator==(const PoolFigures&) const = default;
};

/// Why a request was not done, as a person meets it. Texts come from a server: they are cut to 512
/// bytes and hold no control characters.
struct Problem {
  std::string code, message, cure;
  std::optional<PoolFigures> pool{};
  bool operator==(const Problem&) const = default;
};

// What became of one request.
struct Granted {
  std::uint32_t ttl_s = 0;  ///< 0: it did not say
  std::string token;        ///< empty: the one before still holds
};
struct LeaseUnknown {};  ///< 404 `lease-unknown`: it ended, or this node never knew it
struct NotHolder {};     ///< 421: another node of the deployment keeps the leases
/// 429 or 503 with a Retry-After.
struct Busy {
  std::chrono::seconds wait{1};
  Problem why;
};
/// Any other 4xx.
struct Refused {
  int status = 0;
  Problem why;
};
/// No answer, or none that can be used.
struct Failed {
  Problem why;
};
using Answer = std::variant<Granted, LeaseUnknown, NotHolder, Busy, Refused, Failed>;

/// The answer is foreign: whatever it holds, this returns one of the above. Members that are not
/// known are passed over, so that a newer server may say more.
Answer read_answer(const HttpAnswer& answer);
/// The problem document (RFC 9457) in an answer of 400 and above.
Problem read_problem(const HttpAnswer& answer);
Problem problem_of(const Error& error);

}  // namespace latchkey::client
