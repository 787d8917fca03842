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

bool Route::takes(std::string_view wanted) const {
  const auto brace = path.find('{');
  if (brace == std::string::npos) return path == wanted;
  return wanted.size() > brace && wanted.starts_with(std::string_view(path).substr(0, brace)) &&
         wanted.find('/', brace) == std::string_view::npos;
}

void Router::on(std::string method, std::string path, Role minimum, Handler handler,
                std::size_t max_body) {
  routes_.push_back(
      {std::move(method), std::move(path), minimum, std::move(handler), {}, max_body});
}

void Router::on_stream(std::string path, Role minimum, StreamHandler handler) {
  routes_.push_back({"GET", std::move(path), minimum, {}, std::move(handler), 0});
}

tl::expected<const Route*, Response> Router::find(const Request& request) const {
  for (const auto& route : routes_) {
    if (route.method != request.method || !route.takes(request.path)) continue;
    if (request.caller.role < route.minimum)
      return tl::make_unexpected(not_permitted(request, route.minimum));
    return &route;
  }
  return tl::make_unexpected(refuse_method(request));
}

std::size_t Router::body_limit(const Request& request, std::size_t usual) const {
  for (const auto& route : routes_)
    if (route.method == request.method && route.takes(request.path))
      return request.caller.role < route.minimum || route.max_body == 0 ? usual : route.max_body;
  return usual;
}

Response Router::refuse_method(const Request& request) const {
  std::string allowed;
  for (const auto& route : routes_)
    if (route.takes(request.path)) allowed += (allowed.empty() ? "" : ", ") + route.method;
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
