#include "core/deployment/request_key.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/json.h"
#include "core/license/envelope.h"

namespace latchkey {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{64 * 1024, 4};  // {"nodes": [{"factors": {}}]}
constexpr std::size_t kMaxNodes = 16;
constexpr std::size_t kMaxId = 64;
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxVersion = 64;
constexpr std::size_t kMaxKey = 64;  // base64 of 44 bytes: 60

struct Payload {
  RequestKey request;
  std::optional<PublicKey> key;
};

tl::unexpected<Error> forged(std::string message) {
  return fail("signature-invalid", std::move(message),
              "Obtain the file again with `latchkey request-key`; it may be damaged or forged.");
}

RequestKeyNode read_node(JsonObject& object) {
  RequestKeyNode out;
  out.node = object.name("node", kMaxId);
  out.name = object.text("name", kMaxName);
  object.object("factors", [&](JsonObject& factors) {
    for (const auto& name : factors.members(kMaxFactors, kMaxFactorName))
      out.factors.emplace(name, factors.hex(name, Digest().size()));
  });
  out.unreadable = object.names("unreadable", kMaxFactors, kMaxFactorName);
  return out;
}

std::optional<PublicKey> read_key(JsonObject& object) {
  const auto der = from_base64(object.text("public_key", kMaxKey));
  auto key = PublicKey::from_der(der.value_or(Bytes{}));
  if (key && key->algorithm() == KeyAlgorithm::ed25519) return std::move(*key);
  object.reject("public_key", "not an Ed25519 public key");
  return std::nullopt;
}

Result<Payload> parse_payload(ByteView payload) {
  LK_TRY(const auto value, parse_json(as_text(payload), kLimits));
  JsonObject object(value);
  Payload out;
  out.request.deployment = object.hex("deployment", Digest().size());
  out.request.version = object.text("version", kMaxVersion);
  out.request.created = object.time("created");
  out.key = read_key(object);
  std::set<std::string> ids;
  object.objects("nodes", 1, kMaxNodes, [&](JsonObject& node) {
    out.request.nodes.push_back(read_node(node));
    if (!ids.insert(out.request.nodes.back().node).second) node.reject("node", "listed twice");
  });
  LK_CHECK(object.finish());
  return out;
}

std::string serialise(const RequestKey& request, const PublicKey& key) {
  auto nodes = json::array();
  for (const auto& node : request.nodes)
    nodes.push_back({{"node", node.node},
                     {"name", node.name},
                     {"factors", node.factors},
                     {"unreadable", node.unreadable}});
  return json{{"deployment", request.deployment},
              {"public_key", to_base64(key.der())},
              {"version", request.version},
              {"created", format_time(request.created)},
              {"nodes", std::move(nodes)}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Result<std::string> make_request_key(const RequestKey& request, const PrivateKey& deployment_key) {
  LK_TRY(auto text, make_envelope(kRequestKeyType, serialise(request, deployment_key.public_key()),
                                  {&deployment_key, 1}));
  LK_CHECK(verify_request_key(as_bytes(text)));
  return text;
}

Result<RequestKey> verify_request_key(ByteView text) {
  LK_TRY(const auto envelope, parse_envelope(text));
  if (envelope.payload_type != kRequestKeyType)
    return fail("invalid-format", "This is no request key.",
                "Name the file that `latchkey request-key` wrote.");
  LK_TRY(auto payload, parse_payload(envelope.payload));
  if (verified_by(envelope, {&*payload.key, 1}).empty())
    return forged("The signature does not fit the request key.");
  if (deployment_id(*payload.key) != payload.request.deployment)
    return forged("The request key is signed by the key of another deployment.");
  return std::move(payload.request);
}

}  // namespace latchkey
