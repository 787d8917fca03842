#include "agent/net/router.h"

#include <algorithm>
#include <array>
#include <utility>

namespace latchkey::net {
namespace {

struct Missing {
  Right right;
  std::string_view message;
  std::string_view cure;
};
// In the order of what a person would ask for first.
constexpr std::array kMissing{
    Missing{Right::view, " may not read Latchkey's state.",
            "Run it as root, or join the group that api.viewer_group names (latchkey)."},
    Missing{Right::operate, " is no operator of Latchkey.",
            "Run it as root, or join the group that api.admin_group names (latchkey-admin)."},
    Missing{Right::administer, " is no administrator of Latchkey.",
            "Run it as root, or join the group that api.admin_group names (latchkey-admin)."},
    Missing{Right::consume, " is no consumer of Latchkey.",
            "Run it as root, or join the group that api.consumer_group names (latchkey-consumer)."},
    Missing{Right::draw, " is no client site of Latchkey.",
            "Sites draw over the network: `latchkey upstream connect`."},
};

/// Over the network, by somebody who is nobody yet.
Response not_authenticated() {
  auto response =
      problem(401, {"not-authenticated", "This needs a client certificate, or a session.",
                    "Enrol with a token (`latchkey connect`), or log in with POST /v1/session."});
  response.headers.emplace_back("WWW-Authenticate", "Latchkey");  // RFC 9110 11.6.1
  return response;
}

Response not_permitted(const Request& request, Rights needs) {
  const bool network = !request.from.address.empty();
  if (network && request.caller.rights.empty()) return not_authenticated();
  const auto missing =
      std::ranges::find_if(kMissing, [&](const Missing& row) { return needs.has(row.right); });
  return problem(403,
                 {"not-permitted", request.caller.name + std::string(missing->message),
                  network ? "Ask an administrator for another role." : std::string(missing->cure)});
}

bool may(const Caller& caller, Rights needs) {
  return needs.empty() || caller.rights.intersects(needs);
}

}  // namespace

bool Route::takes(std::string_view wanted) const {
  const auto brace = path.find('{');
  if (brace == std::string::npos) return path == wanted;
  const auto before = std::string_view(path).substr(0, brace);
  const auto after = std::string_view(path).substr(path.find('}') + 1);
  if (wanted.size() <= before.size() + after.size() || !wanted.starts_with(before) ||
      !wanted.ends_with(after))
    return false;
  return wanted.substr(brace, wanted.size() - before.size() - after.size()).find('/') ==
         std::string_view::npos;
}

Route& Router::on(std::string method, std::string path, Rights needs, Handler handler,
                  std::size_t max_body) {
  return routes_.emplace_back(
      Route{std::move(method), std::move(path), needs, std::move(handler), {}, max_body});
}

void Router::on_stream(std::string path, Rights needs, StreamHandler handler) {
  routes_.push_back({"GET", std::move(path), needs, {}, std::move(handler), 0});
}

tl::expected<const Route*, Response> Router::find(const Request& request) const {
  for (const auto& route : routes_) {
    if (route.method != request.method || !route.takes(request.path)) continue;
    if (!may(request.caller, route.needs))
      return tl::make_unexpected(not_permitted(request, route.needs));
    return &route;
  }
  return tl::make_unexpected(refuse_method(request));
}

std::size_t Router::body_limit(const Request& request, const Caller& caller,
                               std::size_t usual) const {
  for (const auto& route : routes_)
    if (route.method == request.method && route.takes(request.path))
      return !may(caller, route.needs) || route.max_body == 0 ? usual : route.max_body;
  return usual;
}

void Router::count_in(Traffic& traffic) {
  for (auto& route : routes_) route.traffic = &traffic.of(route.method, route.path);
  turned_away_ = &traffic.turned_away();
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
