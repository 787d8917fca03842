#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {

void add_trust_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/v1/trust", Right::view,
            [&backend](const net::Request&, const net::Done& done) {
              done(json_answer(backend.trust()));
            });
  router.on("POST", "/v1/trust", Right::administer,
            [&backend](const net::Request& request, net::Done done) {
              backend.install_trust(request.caller, request.body, std::move(done));
            });
}

}  // namespace latchkey
