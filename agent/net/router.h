#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/net/http.h"

namespace latchkey::net {

struct Route {
  std::string method;
  std::string path;
  Role minimum = Role::administrator;
  Handler handler;       ///< one answer; empty for a stream
  StreamHandler stream;  ///< server-sent events; empty for a plain route
};

/// Which handler answers which method and path, and who may ask. Paths are exact.
class Router {
 public:
  void on(std::string method, std::string path, Role minimum, Handler handler);
  void on_stream(std::string path, Role minimum, StreamHandler handler);  ///< GET

  /// The route, or the refusal as a problem document: 404 `not-found`, 405 `method-not-allowed`
  /// (with Allow), 403 `not-permitted` (SPEC SEC-2).
  tl::expected<const Route*, Response> find(const Request& request) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  Response refuse_method(const Request& request) const;

  std::vector<Route> routes_;  ///< a dozen: a scan beats a hash
};

}  // namespace latchkey::net
