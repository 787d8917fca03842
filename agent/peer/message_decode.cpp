#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/peer/message.h"
#include "core/base/json.h"
#include "core/base/sha256.h"
#include "core/deployment/fact.h"
#include "core/pool/lease.h"

namespace latchkey::peer {
namespace {

using nlohmann::json;

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kNameLimit = 256;
constexpr std::size_t kTextLimit = 1024;
constexpr std::size_t kMaxPoolName = 64;  // as in a license document
constexpr std::size_t kPemLimit = 4096;
constexpr std::size_t kTimeLimit = 32;
constexpr int kDepthLimit = 3;

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// Reads fields one by one; one that is missing or malformed makes the whole message invalid.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}
  bool ok() const { return ok_; }

  std::string text(const char* name, std::size_t limit) {
    const auto* value = find(name);
    if (value == nullptr || !value->is_string()) return bad<std::string>();
    const auto& found = value->get_ref<const std::string&>();
    return found.size() <= limit ? found : bad<std::string>();
  }
  std::string hex(const char* name, std::size_t digits) {
    auto found = text(name, digits);
    return is_hex(found, digits) ? found : bad<std::string>();
  }
  std::string hex_or_empty(const char* name, std::size_t digits) {
    auto found = text(name, digits);
    return found.empty() || is_hex(found, digits) ? found : bad<std::string>();
  }
  Time time(const char* name) {
    const auto found = parse_time(text(name, kTimeLimit));
    return found ? *found : bad<Time>();
  }
  std::uint64_t number(const char* name) {
    const auto* value = find(name);
    return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>()
                                                           : bad<std::uint64_t>();
  }
  std::uint32_t number(const char* name, std::uint32_t least, std::uint32_t most) {
    const auto value = number(name);
    return value >= least && value <= most ? static_cast<std::uint32_t>(value)
                                           : bad<std::uint32_t>();
  }
  bool flag(const char* name) {
    const auto* value = find(name);
    return value != nullptr && value->is_boolean() ? value->get<bool>() : bad<bool>();
  }
  Bytes bytes(const char* name, std::size_t limit) {
    auto found = from_base64(text(name, limit / 3 * 4 + 4));
    return found && found->size() <= limit ? *std::move(found) : bad<Bytes>();
  }
  /// `[[object, unit, quantity], …]`
  Quantities quantities(const char* name) {
    Quantities out;
    for (const auto& entry : array(name, kMaxPools)) {
      if (!entry.is_array() || entry.size() != 3 || !is_pool_name(entry[0]) ||
          !is_pool_name(entry[1]) || !entry[2].is_number_unsigned())
        return bad<Quantities>();
      out[{entry[0], entry[1]}] = entry[2].get<std::uint64_t>();
    }
    return out;
  }
  std::optional<LeaseFigures> leases() {
    if (find("lease_epoch") == nullptr) return std::nullopt;
    LeaseFigures out;
    out.sees_address = flag("sees_address");
    out.epoch = number("lease_epoch", 0, kMaxEpoch);
    if (out.epoch == 0) return out;
    out.longest_ttl = number("longest_ttl", 0, kMaxTtl);
    out.leases = number("leases");
    out.used = quantities("used");
    out.reserved = quantities("reserved");
    return out;
  }
  const json& array(const char* name, std::size_t limit) {
    static const json kEmpty = json::array();
    const auto* value = find(name);
    if (value != nullptr && value->is_array() && value->size() <= limit) return *value;
    ok_ = false;
    return kEmpty;
  }
  ChainHeads heads() {
    ChainHeads out;
    const auto* value = find("heads");
    if (value == nullptr || !value->is_object() || value->size() > kHeadsLimit)
      return bad<ChainHeads>();
    for (const auto& [chain, entry] : value->items()) {
      if (!is_hex(chain, kIdDigits)) return bad<ChainHeads>();
      out[chain] = head(entry);
    }
    return out;
  }
  /// `[seq, hash]`
  ChainHead head(const json& entry) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_number_unsigned() ||
        !entry[1].is_string())
      return bad<ChainHead>();
    ChainHead out{entry[0].get<std::uint64_t>(), entry[1].get<std::string>()};
    return out.seq > 0 && is_hex(out.hash, kHashDigits) ? out : bad<ChainHead>();
  }
  std::optional<NodeTimes> times() {
    if (find("license_time") == nullptr && find("wall_time") == nullptr) return std::nullopt;
    return NodeTimes{time("license_time"), time("wall_time")};
  }
  template <class T>
  T bad() {
    ok_ = false;
    return T{};
  }

 private:
  static bool is_pool_name(const json& value) {
    return value.is_string() && !value.get_ref<const std::string&>().empty() &&
           value.get_ref<const std::string&>().size() <= kMaxPoolName;
  }
  const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  const json& object_;
  bool ok_ = true;
};

Message hello(Fields& f) {
  return Hello{f.number("version"),
               f.hex("node", kIdDigits),
               f.text("name", kNameLimit),
               f.text("address", kNameLimit),
               f.hex_or_empty("chain", kIdDigits),
               f.heads(),
               f.times()};
}

Message facts(Fields& f) {
  Facts out{f.number("number"), f.heads(), {}};
  for (const auto& entry : f.array("facts", kFactsPerBatch)) {
    if (!entry.is_string() || entry.get_ref<const std::string&>().size() > kFactLimit)
      return f.bad<Facts>();
    auto text = entry.get<std::string>();
    auto hash = content_hash(as_bytes(text));
    out.batch.facts.push_back({std::move(text), std::move(hash)});
  }
  for (const auto& entry : f.array("documents", kFactsPerBatch)) {
    if (!entry.is_string()) return f.bad<Facts>();
    auto envelope = from_base64(entry.get_ref<const std::string&>());
    if (!envelope || envelope->size() > kDocumentLimit) return f.bad<Facts>();
    auto hash = content_hash(*envelope);
    out.batch.documents.push_back({std::move(hash), std::move(*envelope)});
  }
  return out;
}

Message ack(Fields& f) { return Ack{f.number("number"), f.heads()}; }
Message synced(Fields&) { return Synced{}; }
Message heartbeat(Fields& f) { return Heartbeat{f.times(), f.leases()}; }
Message lease_claim(Fields& f) { return LeaseClaim{f.number("epoch", 1, kMaxEpoch)}; }
Message lease_ack(Fields& f) {
  return LeaseAck{f.number("epoch", 1, kMaxEpoch), f.number("number")};
}
Message lease_part(Fields& f) {
  return LeasePart{f.number("epoch", 1, kMaxEpoch), f.number("number"), f.flag("last"),
                   f.bytes("alive", kLeasePartLimit), f.bytes("unheard", kLeasePartLimit)};
}

Message locate(Fields& f) {
  Locate out{f.hex("chain", kIdDigits), {}};
  for (const auto& entry : f.array("points", kPointsLimit)) out.points.push_back(f.head(entry));
  return out;
}

Message located(Fields& f) { return Located{f.hex("chain", kIdDigits), f.number("seq")}; }

Message refusal(Fields& f) {
  return Refusal{
      {f.text("code", kNameLimit), f.text("message", kTextLimit), f.text("cure", kTextLimit)}};
}

Message pair_request(Fields& f) {
  return PairRequest{f.number("version"),           f.hex("invitation", kIdDigits),
                     f.hex("node", kIdDigits),      f.text("name", kNameLimit),
                     f.text("address", kNameLimit), f.hex("nonce", kHashDigits)};
}

Message pair_challenge(Fields& f) { return PairChallenge{f.hex("nonce", kHashDigits)}; }
Message pair_proof(Fields& f) { return PairProof{f.hex("proof", kHashDigits)}; }

Message pair_grant(Fields& f) {
  PairGrant out{f.hex("proof", kHashDigits),
                f.hex("node", kIdDigits),
                f.text("name", kNameLimit),
                {f.hex("deployment", kHashDigits), f.text("key", kPemLimit), {}}};
  for (const auto& entry : f.array("nodes", kMembersLimit)) {
    if (!entry.is_string() || !is_hex(entry.get_ref<const std::string&>(), kIdDigits))
      return f.bad<PairGrant>();
    out.membership.nodes.push_back(entry.get<std::string>());
  }
  return out;
}

struct Type {
  std::string_view name;
  Message (*read)(Fields&);
};
constexpr Type kTypes[] = {
    {"hello", hello},
    {"facts", facts},
    {"ack", ack},
    {"synced", synced},
    {"heartbeat", heartbeat},
    {"locate", locate},
    {"located", located},
    {"refusal", refusal},
    {"lease-claim", lease_claim},
    {"lease-part", lease_part},
    {"lease-ack", lease_ack},
    {"pair-request", pair_request},
    {"pair-challenge", pair_challenge},
    {"pair-proof", pair_proof},
    {"pair-grant", pair_grant},
};

tl::unexpected<Error> invalid(std::string what) {
  return fail("message-invalid", "The peer sent " + std::move(what) + ".",
              "Check that both nodes run the same version of the agent.");
}

}  // namespace

Result<Message> decode(std::string_view text) {
  const auto object = parse_json(text, {kFrameLimit, kDepthLimit});
  if (!object || !object->is_object()) return invalid("something that is no JSON object");
  Fields fields(*object);
  const auto name = fields.text("type", kNameLimit);
  const auto* const type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                        [&](const Type& t) { return t.name == name; });
  if (type == std::end(kTypes)) return invalid("a message of an unknown type");
  auto message = type->read(fields);
  if (!fields.ok()) return invalid("a malformed message of type " + name);
  return message;
}

}  // namespace latchkey::peer
