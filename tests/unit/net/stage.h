#pragma once

#include <atomic>

#include "agent/net/unix_server.h"
#include "tests/support/raw_client.h"
#include "tests/support/server_thread.h"

namespace latchkey::net {

inline constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

/// The server's routes and what they leave behind for the test; used on the reactor only.
struct Stage {
  std::vector<Done> pending;
  std::shared_ptr<EventSink> sink;
  std::atomic<int> dispatched = 0;

  Router router() {
    Router router;
    router.on("GET", "/hello", {}, [this](const Request& request, const Done& done) {
      ++dispatched;
      Response response;
      response.body = "hello " + request.caller.name;
      done(response);
    });
    router.on("GET", "/big", {}, [](const Request&, const Done& done) {
      Response response;
      response.shared_body = std::make_shared<const std::string>(4 << 20, 'x');
      done(response);
    });
    router.on("POST", "/echo", {}, [](const Request& request, const Done& done) {
      Response response;
      response.body = std::to_string(request.body.size());
      done(response);
    });
    router.on("GET", "/later", {}, [this](const Request&, Done done) {
      pending.push_back(std::move(done));
      ++dispatched;
    });
    router
        .on("GET", "/together", {},
            [this](const Request&, Done done) {
              pending.push_back(std::move(done));
              ++dispatched;
            })
        .prompt = true;
    router.on("GET", "/read", Right::view, [](const Request&, const Done& done) { done({}); });
    router.on_stream("/events", {},
                     [this](const Request&, const std::shared_ptr<EventSink>& s) { sink = s; });
    return router;
  }
};

inline int status_of(const std::string& answer) {
  return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

}  // namespace latchkey::net
