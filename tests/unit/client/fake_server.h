#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/server_thread.h"
#include "tools/latchkey-client/client.h"

namespace latchkey::client {

/// A license server of ten sockets over the agent's real HTTP face, for one consumer, `app`. It
/// comes and goes on one socket; what it knows of the lease outlives it only if the test says so.
class FakeServer {
 public:
  explicit FakeServer(std::string path) : path_(std::move(path)) { start(); }

  void start() { server_.emplace(router(), net::UnixServerConfig{.path = path_}); }
  void stop() { server_.reset(); }
  void forget() { held_ = -1; }
  std::string address() const { return "unix:" + path_; }

  std::atomic<int> held_ = -1;  ///< -1: it knows no lease
  std::atomic<int> total_ = 10;
  std::atomic<int> statements_ = 0, heartbeats_ = 0, tokens_ = 0;
  std::atomic<bool> holder_ = true;
  std::atomic<bool> silent_ = false;  ///< answers nothing

 private:
  static net::Response refused(int status, const char* code, const nlohmann::json& more = {}) {
    const Error error{code, "It is refused.", "Ask for less."};
    return more.is_null() ? net::problem(status, error) : net::problem(status, error, more);
  }

  std::optional<net::Response> hindered(net::Done& done) {
    if (silent_) {
      unanswered_.push_back(std::move(done));
      return net::Response{};
    }
    if (holder_) return std::nullopt;
    done(refused(421, "not-holder"));
    return net::Response{};
  }

  net::Response state(const net::Request& request) {
    const auto body = nlohmann::json::parse(request.body);
    ++statements_;
    if (body.contains("token")) ++tokens_;
    const auto& usage = body.at("usage");
    const int wanted = usage.empty() ? 0 : usage[0].at("quantity").get<int>();
    if (wanted > total_)
      return refused(409, "capacity-exhausted",
                     {{"pool",
                       {{"object", "kvm"},
                        {"unit", "cpu-socket"},
                        {"total", total_.load()},
                        {"used", std::max(held_.load(), 0)},
                        {"available", total_ - std::max(held_.load(), 0)}}}});
    held_ = wanted;
    net::Response response;
    response.body = nlohmann::json{{"ttl_s", body.at("ttl_s")}, {"token", "token-1"}}.dump();
    return response;
  }

  net::Response heartbeat(const net::Request& request) {
    ++heartbeats_;
    if (request.body.find("token-1") != std::string::npos) ++tokens_;
    if (held_ < 0) return refused(404, "lease-unknown");
    net::Response response;
    response.body = "{}";
    return response;
  }

  net::Router router() {
    net::Router router;
    router.on("PUT", "/v1/consumers/app/usage", {},
              [this](const net::Request& request, net::Done done) {
                if (!hindered(done)) done(state(request));
              });
    router.on("POST", "/v1/consumers/app/heartbeat", {},
              [this](const net::Request& request, net::Done done) {
                if (!hindered(done)) done(heartbeat(request));
              });
    router.on("DELETE", "/v1/consumers/app", {}, [this](const net::Request&, net::Done done) {
      if (hindered(done)) return;
      held_ = -1;
      net::Response response;
      response.body = "{}";
      done(response);
    });
    return router;
  }

  std::string path_;
  std::vector<net::Done> unanswered_;
  std::optional<test::ServerThread> server_;
};

/// What a client told its application, in order.
class Listener {
 public:
  Client::OnChange callback() {
    return [this](const ClientStatus& status) {
      const std::lock_guard lock(mutex_);
      heard_.push_back(status);
      changed_.notify_all();
    };
  }
  /// True once the last word is `state` (it waits for that for 20 s).
  bool hears(State state) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return !heard_.empty() && heard_.back().state == state; });
  }
  ClientStatus last() {
    const std::lock_guard lock(mutex_);
    return heard_.back();
  }
  std::vector<State> states() {
    const std::lock_guard lock(mutex_);
    std::vector<State> states;
    for (const auto& status : heard_)
      if (states.empty() || states.back() != status.state) states.push_back(status.state);
    return states;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ClientStatus> heard_;
};

}  // namespace latchkey::client
