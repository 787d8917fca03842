#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tools/latchkey-client/address.h"
#include "tools/latchkey-client/lease_machine.h"

namespace latchkey::client {

/// Names that the requests below are made of, so that nothing in them needs an escape.
/// Error: `bad-argument`.
Result<void> check_consumer(std::string_view consumer);
Result<void> check_usage(const Usage& usage);
Result<void> check_ttl(std::uint32_t ttl_s);

/// The whole request (RFC 9112) for what the machine asks; docs/api.yaml, /v1/consumers.
std::string consumer_request(const Address& to, const Ask& ask, std::string_view consumer,
                             std::uint32_t ttl_s);
/// A POST of a JSON body.
std::string post_request(const Address& to, std::string_view target, std::string_view body);

}  // namespace latchkey::client
