#include <array>
#include <nlohmann/json.hpp>

#include "core/base/bytes.h"
#include "core/base/fact_row.h"
#include "core/base/sha256.h"
#include "core/pool/lease.h"
#include "core/site/upstream_fact.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kIdBytes = 8, kMaxName = 64, kMaxText = 512;
constexpr std::size_t kMaxPem = 16 * 1024;    // in base64
constexpr std::size_t kMaxGrant = 56 * 1024;  // in base64; a fact has 64 KiB

/// Texts of several lines, and of others' making.
std::string packed(const std::string& text) { return to_base64(as_bytes(text)); }

std::string unpacked(JsonObject& in, std::string_view name, std::size_t max) {
  const auto bytes = from_base64(in.text(name, max));
  if (bytes) return std::string(as_text(*bytes));
  in.reject(name, "is not base64");
  return {};
}

struct Writer {
  Json& out;
  void operator()(const UpstreamConnected& fact) const {
    auto servers = Json::array();
    for (const auto& server : fact.servers) servers.push_back({{"address", server}});
    out["servers"] = std::move(servers);
    out["pin"] = fact.pin;
    if (!fact.ca.empty()) out["ca"] = packed(fact.ca);
    out["certificate"] = packed(fact.certificate);
    out["identity"] = fact.identity;
    out["token"] = fact.token;
    out["key"] = fact.key;
    out["by"] = fact.by;
  }
  void operator()(const UpstreamDisconnected& fact) const { out["by"] = fact.by; }
  void operator()(const UpstreamHeld& fact) const {
    auto held = Json::array();
    for (const auto& [pool, quantity] : fact.held)
      held.push_back({{"object", pool.object}, {"unit", pool.unit}, {"quantity", quantity}});
    out["grant"] = packed(fact.grant);
    out["held"] = std::move(held);
    out["left_s"] = fact.left_s;
  }
  void operator()(const UpstreamLost& fact) const {
    out["code"] = fact.code;
    out["message"] = fact.message;
    out["cure"] = fact.cure;
    out["left_s"] = fact.left_s;
  }
};

std::uint32_t left_in(JsonObject& in) {
  return static_cast<std::uint32_t>(in.number("left_s", 0, kMaxTtl));
}

UpstreamFact connected(JsonObject& in) {
  UpstreamConnected fact;
  in.objects("servers", 1, kMaxUpstreamServers,
             [&](JsonObject& server) { fact.servers.push_back(server.text("address", kMaxText)); });
  fact.pin = in.hex("pin", Digest().size());
  if (in.has("ca")) fact.ca = unpacked(in, "ca", kMaxPem);
  fact.certificate = unpacked(in, "certificate", kMaxPem);
  fact.identity = in.hex("identity", kIdBytes);
  fact.token = in.hex("token", kIdBytes);
  fact.key = in.text("key", kMaxText);
  fact.by = in.text("by", kMaxText);
  return fact;
}
UpstreamFact disconnected(JsonObject& in) { return UpstreamDisconnected{in.text("by", kMaxText)}; }
UpstreamFact held(JsonObject& in) {
  UpstreamHeld fact{unpacked(in, "grant", kMaxGrant), {}, left_in(in)};
  in.objects("held", 0, kMaxLeaseItems, [&](JsonObject& item) {
    PoolId pool{item.name("object", kMaxName), item.name("unit", kMaxName)};
    fact.held.emplace(std::move(pool), item.number("quantity", 1, kMaxQuantity));
  });
  return fact;
}
UpstreamFact lost(JsonObject& in) {
  return UpstreamLost{in.text("code", kMaxText), in.text("message", kMaxText),
                      in.has("cure") ? in.text("cure", kMaxText) : std::string(), left_in(in)};
}

using Row = FactRow<UpstreamFact>;
constexpr std::array kRows{Row{"upstream-connected", connected},
                           Row{"upstream-disconnected", disconnected}, Row{"upstream-held", held},
                           Row{"upstream-lost", lost}};

}  // namespace

void write_upstream_fact(const UpstreamFact& fact, Json& out) { std::visit(Writer{out}, fact); }

std::optional<Result<UpstreamFact>> read_upstream_fact(std::string_view kind, const Json& in) {
  return read_fact_with(kRows, kind, in);
}

}  // namespace latchkey
