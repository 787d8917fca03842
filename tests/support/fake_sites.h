#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/api/answer.h"

namespace latchkey::test {

/// Answers with what the test puts in, and notes what it was asked for.
class FakeSites final : public DrawBackend, public UpstreamBackend {
 public:
  void draw(const net::Caller& caller, DrawOrder order, net::Done done) override {
    auto text = "draw by " + caller.name + " for " + order.deployment.substr(0, 4) + ":";
    for (const auto& item : order.usage)
      text += " " + std::to_string(item.quantity) + " " + item.pool.object + "/" + item.pool.unit;
    calls.push_back(text);
    done(answer(result));
  }
  void end_draw(const net::Caller& caller, net::Done done) override {
    calls.push_back("no draw by " + caller.name);
    done(answer(result));
  }
  nlohmann::json upstream() const override { return body; }
  void connect(const net::Caller&, UpstreamOrder order, JsonDone done) override {
    calls.push_back("connect with " + order.token + " and ca " + order.ca);
    for (const auto& server : order.servers) calls.back() += " to " + server;
    done(result);
  }
  void disconnect(const net::Caller& caller, JsonDone done) override {
    calls.push_back("disconnect by " + caller.name);
    done(result);
  }

  std::vector<std::string> calls;
  nlohmann::json body{{"state", "none"}};
  Result<nlohmann::json> result = nlohmann::json{{"state", "connected"}};
};

}  // namespace latchkey::test
