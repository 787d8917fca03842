#include "agent/net/router.h"

#include <utility>

namespace latchkey::net {
namespace {

Response not_permitted(const Request& request, Role minimum) {
  const bool administrator = minimum == Role::administrator;
  return problem(
      403, {"not-permitted",
            request.caller.name + (administrator ? " is no administrator of Latchkey."
                                                 : " may not read Latchkey's state."),
            administrator
                ? "Run it as root, or join the group that api.admin_group names (latchkey-admin)."
                : "Run it as root, or join the group that api.viewer_group names (latchkey)."});
}

}  // namespace

void Router::on(std::string method, std::string path, Role minimum, Handler handler) {
  routes_.push_back({std::move(method), std::move(path), minimum, std::move(handler), {}});
}

void Router::on_stream(std::string path, Role minimum, StreamHandler handler) {
  routes_.push_back({"GET", std::move(path), minimum, {}, std::move(handler)});
}

tl::expected<const Route*, Response> Router::find(const Request& request) const {
  for (const auto& route : routes_) {
    if (route.path != request.path || route.method != request.method) continue;
    if (request.caller.role < route.minimum)
      return tl::make_unexpected(not_permitted(request, route.minimum));
    return &route;
  }
  return tl::make_unexpected(refuse_method(request));
}

Response Router::refuse_method(const Request& request) const {
  std::string allowed;
  for (const auto& route : routes_)
    if (route.path == request.path) allowed += (allowed.empty() ? "" : ", ") + route.method;
  if (allowed.empty())
    return problem(404, {"not-found", "There is nothing at " + request.path + ".",
                         "docs/api.yaml lists the routes."});
  auto response =
      problem(405, {"method-not-allowed", request.path + " does not take " + request.method + ".",
                    "Use " + allowed + "."});
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace latchkey::net
