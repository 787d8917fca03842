#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/query.h"
#include "agent/api/routes.h"
#include "core/license/package.h"

namespace latchkey {

void add_license_routes(net::Router& router, Backend& backend) {
  router.on("GET", "/v1/licenses", Right::view,
            [&backend](const net::Request& request, const net::Done& done) {
              const auto query = licenses_query(request);
              if (!query) return done(error_answer(query.error()));
              backend.licenses(*query, done);
            });
  router.on("GET", "/v1/entries", Right::view,
            [&backend](const net::Request& request, const net::Done& done) {
              const auto query = entries_query(request);
              if (!query) return done(error_answer(query.error()));
              done(json_answer(backend.entries(*query)));
            });
  // SPEC LIC-2, QUOTA-4: only an administrator, but in every state.
  router.on(
      "POST", "/v1/licenses", Right::administer,
      [&backend](const net::Request& request, net::Done done) {
        backend.install_licenses(request.caller, request.body, std::move(done));
      },
      kMaxUpload);
  router.on("DELETE", "/v1/licenses/{id}", Right::administer,
            [&backend](const net::Request& request, net::Done done) {
              backend.delete_license(request.caller, net::last_segment(request),
                                     answer_with(std::move(done)));
            });
}

}  // namespace latchkey
