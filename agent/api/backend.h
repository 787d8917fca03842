#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/access_backend.h"
#include "agent/api/consumers.h"
#include "agent/api/site_backend.h"
#include "agent/net/http.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/pool/policy.h"

namespace latchkey {

/// What the whole agent says at one instant; immutable, built on change, never on query (DESIGN 4).
struct Snapshot {
  std::shared_ptr<const std::string> status;  ///< body of GET /v1/status
  std::shared_ptr<const std::string> key;     ///< body of GET /v1/key
  std::shared_ptr<const std::string> peer;    ///< body of GET /v1/peer
  bool usable = false;                        ///< some license counts now: GET /health/ready
  bool recording = true;  ///< false: the disk refuses, and what happens now is not told yet
};

struct RecordQuery {
  std::string node;           ///< empty: all; so the next four
  std::string kind;           ///< `key-read`, …
  std::string who;            ///< whose name stands in `by`
  std::string result;         ///< `done`, `refused`, `failed`, `warning`
  std::string text;           ///< stands in the text, in upper or lower case
  std::optional<Time> since;  ///< from then on
  std::optional<Time> until;  ///< before then
  std::uint64_t before = 0;   ///< page cursor: position from a previous answer, 0: newest
  std::size_t limit = 100;    ///< 1..1000
};

/// Which licenses, or which of their entries; empty texts: all.
struct LicenseQuery {
  std::string text{};    ///< stands in what people know it by, in upper or lower case
  std::string status{};  ///< `valid`, …

  // Of entries alone:
  std::string license{};  ///< id of their license
  std::string object{};
  std::string unit{};
  std::string kind{};    ///< `base`, `module`
  std::size_t each = 0;  ///< at most so many of each pool; 0: all

  bool entries = true;    ///< of licenses alone: with their entries
  std::size_t after = 0;  ///< so many are passed over: `next` of the page before
  std::size_t limit = 0;  ///< 0: all
};

/// What the routes need of the agent; the agent implements it, tests fake it. Reactor thread only.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual const Snapshot& snapshot() const = 0;
  using JsonDone = std::function<void(Result<nlohmann::json>)>;
  virtual void refresh_keys(const net::Caller& caller,
                            JsonDone done) = 0;  ///< KEY-10: answers at once
  /// A package or text of licenses; answers when they are durable (SPEC LIC-6, LIC-7, LIC-10),
  /// with the whole response: it may be large, and is made away from the reactor.
  virtual void install_licenses(const net::Caller& caller, const std::string& upload,
                                net::Done done) = 0;
  /// A file license by its id (SPEC LIC-2).
  virtual void delete_license(const net::Caller& caller, const std::string& id, JsonDone done) = 0;
  virtual void licenses(const LicenseQuery& query, const net::Done& done) = 0;
  virtual nlohmann::json pools() const = 0;
  /// What is licensed, entry by entry.
  virtual nlohmann::json entries(const LicenseQuery& query) const = 0;
  /// SPEC QUOTA-1: whether it is allowed now. `object`: a license object, or empty.
  virtual nlohmann::json authorize(Operation operation, const std::string& object) const = 0;
  virtual Consumers& consumers() = 0;
  virtual nlohmann::json alerts() const = 0;
  virtual std::string metrics() const = 0;  ///< Prometheus text
  /// An envelope of core/deployment/request_key.h (SPEC REQ-1).
  virtual Result<std::string> request_key() const = 0;
  virtual nlohmann::json trust() const = 0;
  /// As install_licenses(), for trust bundles alone; in force when it answers (SPEC SEC-5).
  virtual void install_trust(const net::Caller& caller, const std::string& upload,
                             net::Done done) = 0;
  /// One time repair's envelope; answers when license time is right and that is durable here (SPEC
  /// TIME-2).
  virtual void repair_time(const net::Caller& caller, const std::string& envelope,
                           JsonDone done) = 0;
  virtual void records(const RecordQuery& query, JsonDone done) = 0;          ///< newest first
  virtual void license_records(const RecordQuery& query, JsonDone done) = 0;  ///< newest first
  /// Reads the whole database again on the store thread and follows every hash chain (SPEC REC-2).
  virtual void verify_records(JsonDone done) = 0;
  virtual void peer_invite(const net::Caller& caller, JsonDone done) = 0;
  virtual void peer_join(const net::Caller& caller, std::string token, JsonDone done) = 0;
  /// Each new snapshot's status body, from now on, until the sink says that its client is gone.
  virtual void watch(std::shared_ptr<net::EventSink> sink) = 0;
  virtual AccessBackend& access() = 0;
  virtual DrawBackend& draws() = 0;
  virtual UpstreamBackend& upstream() = 0;
};

}  // namespace latchkey
