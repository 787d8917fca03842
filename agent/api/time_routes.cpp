#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {

void add_time_routes(net::Router& router, Backend& backend) {
  router.on("POST", "/v1/time", Right::administer,
            [&backend](const net::Request& request, net::Done done) {
              backend.repair_time(request.caller, request.body, answer_with(std::move(done)));
            });
}

}  // namespace latchkey
