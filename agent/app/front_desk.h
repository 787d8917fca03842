#pragma once

#include "agent/api/backend.h"
#include "agent/app/key_desk.h"
#include "agent/app/license_desk.h"
#include "agent/app/metrics_desk.h"
#include "agent/app/pool_desk.h"
#include "agent/app/publisher.h"
#include "agent/app/records.h"
#include "agent/app/request_desk.h"
#include "agent/app/time_desk.h"
#include "agent/app/trust_desk.h"
#include "agent/app/upstream_desk.h"

namespace latchkey {

/// What the routes find here.
class FrontDesk final : public Backend {
 public:
  /// References outlive the desk.
  FrontDesk(NodeLog& log, FactStore& store, Publisher& publisher, KeyDesk& keys,
            LicenseDesk& licenses, LeaseDesk& leases, const PoolDesk& pools,
            const MetricsDesk& metrics, RequestDesk& requests, TrustDesk& trust, TimeDesk& time,
            PeerLink& link, AccessBackend& access, DrawBackend& draws, UpstreamDesk& upstream,
            std::function<NodeNames()> names);

  const Snapshot& snapshot() const override { return publisher_.snapshot(); }
  void refresh_keys(const net::Caller& caller, JsonDone done) override;
  void install_licenses(const net::Caller& caller, const std::string& upload,
                        net::Done done) override {
    licenses_.install(caller, upload, LicenseIntake::Takes::everything, std::move(done));
  }
  void delete_license(const net::Caller& caller, const std::string& id, JsonDone done) override {
    licenses_.remove(caller, id, std::move(done));
  }
  void licenses(const LicenseQuery& query, const net::Done& done) override {
    licenses_.list(query, done);
  }
  nlohmann::json pools() const override;
  nlohmann::json entries(const LicenseQuery& query) const override;
  nlohmann::json authorize(Operation operation, const std::string& object) const override;
  Consumers& consumers() override { return upstream_.consumers(); }
  nlohmann::json alerts() const override;
  std::string metrics() const override { return metrics_.text(); }
  Result<std::string> request_key() const override {
    return requests_.request_key(publisher_.decision());
  }
  nlohmann::json trust() const override;
  void install_trust(const net::Caller& caller, const std::string& upload,
                     net::Done done) override {
    licenses_.install(caller, upload, LicenseIntake::Takes::trust_bundles, std::move(done));
  }
  void repair_time(const net::Caller& caller, const std::string& envelope, JsonDone done) override {
    time_.install(caller, envelope, std::move(done));
  }
  void records(const RecordQuery& query, JsonDone done) override;
  void license_records(const RecordQuery& query, JsonDone done) override {
    licenses_.records(query, std::move(done));
  }
  void verify_records(JsonDone done) override;
  void peer_invite(const net::Caller& caller, JsonDone done) override;
  void peer_join(const net::Caller& caller, std::string token, JsonDone done) override;
  void watch(std::shared_ptr<net::EventSink> sink) override { publisher_.watch(std::move(sink)); }
  AccessBackend& access() override { return access_; }
  DrawBackend& draws() override { return draws_; }
  UpstreamBackend& upstream() override { return upstream_; }

 private:
  NodeLog& log_;
  FactStore& store_;
  Publisher& publisher_;
  KeyDesk& keys_;
  LicenseDesk& licenses_;
  LeaseDesk& leases_;
  const PoolDesk& pools_;
  const MetricsDesk& metrics_;
  RequestDesk& requests_;
  TrustDesk& trust_;
  TimeDesk& time_;
  PeerLink& link_;
  AccessBackend& access_;
  DrawBackend& draws_;
  UpstreamDesk& upstream_;
  std::function<NodeNames()> names_;
};

}  // namespace latchkey
