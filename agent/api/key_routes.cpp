#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {

void add_key_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/v1/key", Right::view, [&backend](const net::Request&, const net::Done& done) {
    done(snapshot_answer(backend.snapshot().key));
  });
  router.on("POST", "/v1/key/refresh", Right::operate,
            [&backend](const net::Request& request, net::Done done) {
              backend.refresh_keys(request.caller, answer_with(std::move(done)));
            });
}

}  // namespace latchkey
