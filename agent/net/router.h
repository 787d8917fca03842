#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/net/http.h"
#include "agent/net/traffic.h"

namespace latchkey::net {

struct Route {
  std::string method;
  std::string path;          ///< exact, or with one segment `{…}`, which stands for any one
  Rights needs;              ///< any one of them; empty: open to everybody who may connect
  Handler handler;           ///< one answer; empty for a stream
  StreamHandler stream;      ///< server-sent events; empty for a plain route
  std::size_t max_body = 0;  ///< bytes; 0: what the server allows
  /// The handler has done its work when it returns, and its answer may at most wait for the disk:
  /// requests that come together are then taken together, so that one commit serves them all.
  bool prompt = false;
  RouteTraffic* traffic = nullptr;  ///< where its requests are counted; null: nowhere

  bool takes(std::string_view path) const;
};

/// Which handler answers which method and path, and who may ask.
class Router {
 public:
  Route& on(std::string method, std::string path, Rights needs, Handler handler,
            std::size_t max_body = 0);
  void on_stream(std::string path, Rights needs, StreamHandler handler);  ///< GET

  /// The route, or the refusal as a problem document: 404 `not-found`, 405 `method-not-allowed`
  /// (with Allow), 403 `not-permitted` (SPEC SEC-2).
  tl::expected<const Route*, Response> find(const Request& request) const;
  /// How many bytes of body this request may have, before the body is there; `usual` for one that
  /// find() refuses.
  std::size_t body_limit(const Request& request, const Caller& caller, std::size_t usual) const;
  const std::vector<Route>& routes() const { return routes_; }

  /// From now on requests are counted there; `traffic` outlives the router and its copies.
  void count_in(Traffic& traffic);
  /// Where those are counted that find() refuses.
  RouteTraffic* turned_away() const { return turned_away_; }

 private:
  Response refuse_method(const Request& request) const;

  std::vector<Route> routes_;  ///< a dozen: a scan beats a hash
  RouteTraffic* turned_away_ = nullptr;
};

}  // namespace latchkey::net
