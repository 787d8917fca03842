#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {

void add_status_routes(net::Router& router, Backend& backend) {
  // SPEC KEY-10: from the last snapshot, never waiting for a key.
  router
      .on("GET", "/v1/status", Right::view,
          [&backend](const net::Request&, const net::Done& done) {
            done(snapshot_answer(backend.snapshot().status));
          })
      .prompt = true;
}

}  // namespace latchkey
