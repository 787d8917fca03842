#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fake_access.h"
#include "tests/support/fake_sites.h"

namespace latchkey::test {

/// Notes what it was asked for, and answers it all with `answer`.
class FakeConsumers final : public Consumers {
 public:
  explicit FakeConsumers(std::vector<std::string>& calls) : calls_(calls) {}

  void state_usage(const net::Caller& caller, const std::string& consumer,
                   const UsageStatement& statement, net::Done done) override {
    auto text = "usage of " + consumer + " by " + caller.name + ":";
    for (const auto& item : statement.usage)
      text += " " + std::to_string(item.quantity) + " " + item.pool.object + "/" + item.pool.unit;
    calls_.push_back(text + " for " + std::to_string(statement.ttl_s));
    done(answer);
  }
  void heartbeat(const net::Caller&, const std::string& consumer, const std::string& token,
                 net::Done done) override {
    calls_.push_back("heartbeat of " + consumer + " with " + token);
    done(answer);
  }
  void release(const net::Caller&, const std::string& consumer, net::Done done) override {
    calls_.push_back("release of " + consumer);
    done(answer);
  }
  net::Response list(const net::Caller&, std::uint64_t after, std::size_t limit) override {
    calls_.push_back("list " + std::to_string(limit) + " after " + std::to_string(after));
    return answer;
  }
  net::Response show(const net::Caller&, const std::string& consumer) override {
    calls_.push_back("show " + consumer);
    return answer;
  }
  void force_release(const net::Caller& caller, const std::string& consumer,
                     const std::string& reason, net::Done done) override {
    calls_.push_back("forced release of " + consumer + " by " + caller.name + ": " + reason);
    done(answer);
  }
  void set_terms(const net::Caller&, const std::string& consumer, ConsumerTerms terms,
                 net::Done done) override {
    calls_.push_back("terms of " + consumer + ": " + std::to_string(terms.reserve.size()) + " " +
                     std::to_string(terms.cap.size()) + " " +
                     std::to_string(terms.low_water.size()));
    done(answer);
  }
  net::Response holder() override {
    calls_.push_back("holder");
    return answer;
  }
  void take_over(const net::Caller& caller, bool force, net::Done done) override {
    calls_.push_back("take-over by " + caller.name + (force ? ", forced" : ""));
    done(taken.value_or(answer));
  }

  net::Response answer = json_answer(nlohmann::json::object());
  std::optional<net::Response> taken;  ///< of take_over, where it differs

 private:
  std::vector<std::string>& calls_;
};

/// Answers with what the test puts in, and notes what it was asked for.
class FakeBackend : public Backend {
 public:
  FakeBackend() { publish(nlohmann::json::object()); }

  /// As the agent does on a change: a new snapshot, told to everybody who watches.
  void publish(const nlohmann::json& status) {
    snapshot_.status = std::make_shared<const std::string>(status.dump());
    snapshot_.key =
        std::make_shared<const std::string>(status.value("keys", nlohmann::json::array()).dump());
    snapshot_.peer = std::make_shared<const std::string>(
        nlohmann::json{{"peer", status.value("peer", "none")}}.dump());
    snapshot_.usable = status.value("usable", false);
    std::erase_if(sinks,
                  [&](const auto& sink) { return !sink->send("status", *snapshot_.status); });
  }

  const Snapshot& snapshot() const override { return snapshot_; }
  void refresh_keys(const net::Caller& caller, JsonDone done) override {
    calls.push_back("refresh by " + caller.name);
    done(refresh_result);
  }
  void install_licenses(const net::Caller& caller, const std::string& upload,
                        net::Done done) override {
    calls.push_back("install by " + caller.name + " of " + upload);
    done(answer(install_result));
  }
  void delete_license(const net::Caller& caller, const std::string& id, JsonDone done) override {
    calls.push_back("delete by " + caller.name + " of " + id);
    done(delete_result);
  }
  void licenses(const LicenseQuery& query, const net::Done& done) override {
    last_license_query = query;
    done(json_answer(license_list));
  }
  nlohmann::json entries(const LicenseQuery& query) const override {
    last_license_query = query;
    return nlohmann::json::object();
  }
  nlohmann::json pools() const override { return pool_answer; }
  nlohmann::json authorize(Operation operation, const std::string& object) const override {
    return {{"operation", to_string(operation)},
            {"object", object},
            {"allowed", !denied},
            {"code", denied ? denied->code : "allowed"},
            {"message", denied ? denied->message : ""},
            {"cure", denied ? denied->cure : ""}};
  }
  Consumers& consumers() override { return fake_consumers; }
  nlohmann::json alerts() const override {
    const auto status = nlohmann::json::parse(*snapshot_.status);
    return {{"time", status.value("time", "")},
            {"alerts", status.value("alerts", nlohmann::json::array())}};
  }
  std::string metrics() const override { return "latchkey_usable 1\n"; }
  Result<std::string> request_key() const override { return request_key_envelope; }
  nlohmann::json trust() const override { return trust_body; }
  void install_trust(const net::Caller& caller, const std::string& upload,
                     net::Done done) override {
    calls.push_back("install trust by " + caller.name + " of " + upload);
    done(answer(trust_result));
  }
  void repair_time(const net::Caller& caller, const std::string& envelope, JsonDone done) override {
    calls.push_back("repair time by " + caller.name + " with " + envelope);
    done(time_result);
  }
  void records(const RecordQuery& query, JsonDone done) override {
    last_query = query;
    done(record_pages ? record_pages(query) : record_page);
  }
  void license_records(const RecordQuery& query, JsonDone done) override {
    last_query = query;
    done(license_record_page);
  }
  void verify_records(JsonDone done) override { done(verify_result); }
  void peer_invite(const net::Caller& caller, JsonDone done) override {
    calls.push_back("invite by " + caller.name);
    done(invite_result);
  }
  void peer_join(const net::Caller& caller, std::string token, JsonDone done) override {
    calls.push_back("join by " + caller.name + " with " + token);
    done(join_result);
  }
  void watch(std::shared_ptr<net::EventSink> sink) override {
    std::erase_if(sinks, [](const auto& old) { return !old->open(); });
    sinks.push_back(std::move(sink));
  }

  AccessBackend& access() override { return access_; }
  DrawBackend& draws() override { return sites; }
  UpstreamBackend& upstream() override { return sites; }

  FakeAccess access_;
  FakeSites sites;
  Snapshot snapshot_;
  std::vector<std::shared_ptr<net::EventSink>> sinks;
  std::vector<std::string> calls;
  mutable RecordQuery last_query;
  mutable LicenseQuery last_license_query;
  std::function<nlohmann::json(const RecordQuery&)> record_pages;  ///< instead of record_page
  nlohmann::json record_page = {{"records", nlohmann::json::array()}, {"next", 0}};
  nlohmann::json license_record_page = {{"records", nlohmann::json::array()}, {"next", 0}};
  Result<nlohmann::json> refresh_result = nlohmann::json{{"reading", true}};
  Result<nlohmann::json> install_result = nlohmann::json{{"succeeded", 1}, {"failed", 0}};
  Result<nlohmann::json> delete_result = nlohmann::json{{"id", "L-1"}};
  nlohmann::json license_list = {{"licenses", nlohmann::json::array()}};
  nlohmann::json pool_answer = {{"pools", nlohmann::json::array()},
                                {"entries", nlohmann::json::array()}};
  std::optional<Error> denied;
  FakeConsumers fake_consumers{calls};
  Result<std::string> request_key_envelope = "{}";
  nlohmann::json trust_body = {{"version", 0}};
  Result<nlohmann::json> trust_result = nlohmann::json{{"succeeded", 1}, {"failed", 0}};
  Result<nlohmann::json> time_result =
      nlohmann::json{{"id", "T-1"}, {"license_time", "2026-01-01T00:00:00Z"}};
  Result<nlohmann::json> verify_result = nlohmann::json{{"verified", 0}};
  Result<nlohmann::json> invite_result =
      nlohmann::json{{"token", "LKP-TOKEN"}, {"expires", "2026-01-01T00:10:00Z"}};
  Result<nlohmann::json> join_result = nlohmann::json{{"joined", true}};
};

}  // namespace latchkey::test
