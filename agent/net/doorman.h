#pragma once

#include <optional>

#include "agent/net/http.h"

namespace latchkey::net {

/// Says who asks where the socket does not: over TLS, by the client's certificate or its session.
class Doorman {
 public:
  virtual ~Doorman() = default;
  /// Who it is, by what of the header has come so far; no right for a stranger.
  virtual Caller caller_of(const Request& request) = 0;
  /// Once the request is complete: a refusal, when what it shows of itself does not hold.
  virtual std::optional<Response> objection(const Request& request) = 0;
};

}  // namespace latchkey::net
