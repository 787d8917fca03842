#include "agent/api/routes.h"

namespace latchkey {

net::Router make_routes(Backend& backend) {
  net::Router router;
  add_status_routes(router, backend);
  add_health_routes(router, backend);
  add_key_routes(router, backend);
  add_license_routes(router, backend);
  add_pool_routes(router, backend);
  add_consumer_routes(router, backend);
  add_alert_routes(router, backend);
  add_peer_routes(router, backend);
  add_record_routes(router, backend);
  add_request_key_routes(router, backend);
  add_trust_routes(router, backend);
  add_time_routes(router, backend);
  add_server_routes(router, backend);
  add_access_routes(router, backend.access());
  add_site_routes(router, backend.draws(), backend.upstream());
  add_event_routes(router, backend);
  return router;
}

}  // namespace latchkey
