#include "agent/api/routes.h"

namespace latchkey {

void add_event_routes(net::Router& router, Backend& backend) {
  // Starts with the present state, so that a client that watches needs no query of its own and
  // misses no change.
  router.on_stream("/v1/events", Right::view,
                   [&backend](const net::Request&, const std::shared_ptr<net::EventSink>& sink) {
                     if (sink->send("status", *backend.snapshot().status)) backend.watch(sink);
                   });
}

}  // namespace latchkey
