#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/answer.h"

namespace latchkey::test {

/// Answers with what the test puts in, and notes what it was asked for.
class FakeAccess : public AccessBackend {
 public:
  nlohmann::json server() const override { return server_body; }
  std::string ca_certificate() const override { return "PEM\n"; }
  nlohmann::json tokens() const override { return {{"tokens", items}}; }
  nlohmann::json identities() const override { return {{"identities", items}}; }
  nlohmann::json accounts() const override { return {{"accounts", items}}; }
  void create_token(const net::Caller& caller, TokenOrder order, JsonDone done) override {
    calls.push_back("token by " + caller.name + " for " + std::string(to_string(order.role)) + " " +
                    order.name + " " + std::to_string(order.life.count()));
    done(result);
  }
  std::optional<net::Response> attempt(const net::Origin&) override { return refusal; }
  void enrol(const net::Origin& from, const std::string& token, const std::string& request,
             JsonDone done) override {
    calls.push_back("enrol from " + from.address + " with " + token + " and " + request);
    done(result);
  }
  void revoke(const net::Caller& caller, const std::string& identity, const std::string& reason,
              JsonDone done) override {
    calls.push_back("revoke by " + caller.name + " of " + identity + " for " + reason);
    done(result);
  }
  void set_account(const net::Caller& caller, AccountOrder order, JsonDone done) override {
    calls.push_back("account by " + caller.name + " " + order.name + " " +
                    std::string(to_string(order.role)) + " " + order.password);
    done(result);
  }
  void delete_account(const net::Caller& caller, const std::string& name, JsonDone done) override {
    calls.push_back("no account by " + caller.name + " " + name);
    done(result);
  }
  void open_session(const net::Origin&, const std::string& name, const std::string& password,
                    net::Done done) override {
    calls.push_back("session of " + name + " with " + password);
    done(answer(result));
  }
  net::Response session(const net::Request&) override { return answer(result); }
  net::Response close_session(const net::Request&) override { return answer(result); }

  std::vector<std::string> calls;
  nlohmann::json server_body = nlohmann::json::object();
  nlohmann::json items = nlohmann::json::array();
  std::optional<net::Response> refusal;  ///< of attempts
  Result<nlohmann::json> result = nlohmann::json{{"done", true}};
};

}  // namespace latchkey::test
