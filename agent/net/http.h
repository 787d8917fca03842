#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/access/rights.h"
#include "core/base/result.h"

// HTTP as handlers see it: plain values. Beast stays behind agent/net/*.cpp (a Beast file costs
// 10-30 s to compile).
namespace latchkey::net {

/// Who asks, as the socket vouches for it.
struct Caller {
  Rights rights;
  std::string name;  ///< user name or uid, for records and logs
  std::string id{};  ///< who owns what this caller makes; unique over all ways in: `uid:1000`
};

/// Where a request came from over the network; empty on the Unix socket.
struct Origin {
  std::string address;  ///< of the client
  std::string pin;  ///< of its certificate (agent/identity/certificate_pin.h); empty: it has none
  bool plain = false;  ///< without TLS, which is for this machine's own (`web.listen`)
};

struct Request {
  std::string method;
  std::string path;  ///< without the query, percent-decoded
  std::vector<std::pair<std::string, std::string>> query;
  std::string content_type;
  std::string body;  ///< bounded by its route (1 MiB)
  Caller caller;
  Origin from;
  // Header fields that say who asks; empty when absent.
  std::string host;
  std::string origin;
  std::string cookie;
  std::string csrf;  ///< X-Latchkey-CSRF
  // And how the answer may come.
  std::string accept_encoding;
  std::string if_none_match;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Pre-serialised body shared by many answers (the snapshot); used instead of `body` when set.
  std::shared_ptr<const std::string> shared_body;

  std::string_view payload() const { return shared_body ? *shared_body : body; }
};

/// The last segment of the path: what stands for the `{…}` that ends a route.
std::string last_segment(const Request& request);

/// RFC 9110 section 15; "Unknown" for a status that Latchkey does not send.
std::string_view reason_phrase(int status);

/// RFC 9457 problem document with the error's stable code and cure.
Response problem(int status, const Error& error);
/// With further members (RFC 9457 3.2): an object.
Response problem(int status, const Error& error, const nlohmann::json& more);

/// Runs on the reactor; calls `done` exactly once, then or later, on the reactor.
using Done = std::function<void(Response)>;
using Handler = std::function<void(const Request&, Done)>;

/// One server-sent-events stream (WHATWG HTML 9.2). Dropping the last reference ends it. Reactor
/// thread only.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// Queues one event; false once the client is gone or too slow (it is cut off, never waited for).
  virtual bool send(std::string_view event, std::string_view data) = 0;
  /// False once the client is gone: who keeps a list of sinks drops the closed ones when it adds
  /// one.
  virtual bool open() const = 0;
};
using StreamHandler = std::function<void(const Request&, std::shared_ptr<EventSink>)>;

}  // namespace latchkey::net
