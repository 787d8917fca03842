#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::load {

/// What the requests of a run are.
enum class Kind {
  get,        ///< GET of one path
  authorize,  ///< POST /v1/authorize
  connect,    ///< each consumer states its usage once, then the run is over
  usage,      ///< consumers state 1 and 2 in turn: every request is a change
  heartbeat,  ///< of consumers that are connected
  life,       ///< consumers connect, send heartbeats, change their usage, are released, come again
};
std::optional<Kind> parse_kind(std::string_view text);

/// The consumers of one connection, and where it stands with them.
struct Cursor {
  std::uint32_t first = 0;
  std::uint32_t count = 1;
  std::uint32_t next = 0;
  std::uint32_t round = 0;
};

struct WorkloadSettings {
  Kind kind = Kind::get;
  std::string path = "/v1/status";
  std::string object = "kvm";
  std::string unit = "cpu-socket";
  int ttl_s = 600;
};

/// Requests made once, of which only the consumer's number and quantity are filled in: the
/// generator must cost far less than the server.
class Workload {
 public:
  explicit Workload(const WorkloadSettings& settings);

  /// Appends the next request of these consumers; false: each had its turn (Kind::connect).
  bool append(Cursor& cursor, std::string& out) const;

 private:
  struct Template {
    std::string text;
    std::size_t id_at = std::string::npos;
    std::size_t quantity_at = std::string::npos;
  };
  static Template make(std::string_view method, const std::string& path, const std::string& body);

  const Template& choose(std::uint32_t consumer, std::uint32_t round) const;

  Kind kind_;
  Template plain_, usage_, heartbeat_, release_;
};

}  // namespace latchkey::load
