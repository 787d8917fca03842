#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {

void add_alert_routes(net::Router& router, Backend& backend) {
  router.on(
      "GET", "/v1/alerts", Right::view,
      [&backend](const net::Request&, const net::Done& done) { done(answer(backend.alerts())); });
  // Where Prometheus looks for it.
  router.on("GET", "/metrics", Right::view, [&backend](const net::Request&, const net::Done& done) {
    net::Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = backend.metrics();
    done(std::move(response));
  });
}

}  // namespace latchkey
