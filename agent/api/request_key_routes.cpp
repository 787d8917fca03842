#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {

void add_request_key_routes(net::Router& router, Backend& backend) {
  // SPEC REQ-1, QUOTA-4. For whoever may look: it says no more than the status, and salted hashes.
  router.on("GET", "/v1/request-key", Right::view,
            [&backend](const net::Request&, const net::Done& done) {
              auto envelope = backend.request_key();
              if (!envelope) return done(error_answer(envelope.error()));
              net::Response response;
              response.body = std::move(*envelope);
              done(std::move(response));
            });
}

}  // namespace latchkey
