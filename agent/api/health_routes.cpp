#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"

namespace latchkey {
namespace {

/// SPEC SRV-5: ready means protected, that is, some license counts now; also while the disk
/// refuses, which is said.
net::Response ready(const Snapshot& snapshot) {
  if (snapshot.usable) return json_answer({{"ready", true}, {"recording", snapshot.recording}});
  return net::problem(503, {"license-unusable", "No license can be used now.",
                            "Run `latchkey status`: it says why and what to do."});
}

}  // namespace

void add_health_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/health/live", {}, [](const net::Request&, const net::Done& done) {
    done(json_answer({{"live", true}}));
  });
  router.on("GET", "/health/ready", {}, [&backend](const net::Request&, const net::Done& done) {
    done(ready(backend.snapshot()));
  });
}

}  // namespace latchkey
