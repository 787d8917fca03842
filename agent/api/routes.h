#pragma once

#include "agent/api/backend.h"
#include "agent/net/router.h"

namespace latchkey {

/// Every route of docs/api.yaml over `backend`, which must outlive the router.
net::Router make_routes(Backend& backend);

// One group of routes each; make_routes() calls them all.
void add_status_routes(net::Router& router, Backend& backend);
void add_health_routes(net::Router& router, Backend& backend);
void add_key_routes(net::Router& router, Backend& backend);
void add_license_routes(net::Router& router, Backend& backend);
void add_pool_routes(net::Router& router, Backend& backend);
void add_consumer_routes(net::Router& router, Backend& backend);
void add_alert_routes(net::Router& router, Backend& backend);
void add_peer_routes(net::Router& router, Backend& backend);
void add_record_routes(net::Router& router, Backend& backend);
void add_request_key_routes(net::Router& router, Backend& backend);
void add_trust_routes(net::Router& router, Backend& backend);
void add_time_routes(net::Router& router, Backend& backend);
void add_server_routes(net::Router& router, Backend& backend);
void add_access_routes(net::Router& router, AccessBackend& access);
void add_site_routes(net::Router& router, DrawBackend& draws, UpstreamBackend& upstream);
void add_event_routes(net::Router& router, Backend& backend);

}  // namespace latchkey
