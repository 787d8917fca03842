#include <nlohmann/json.hpp>

#include "core/access/access_codec.h"
#include "core/base/sha256.h"
#include "core/deployment/fact.h"

// The stored form of a fact: one flat JSON object, keys sorted, times in RFC 3339. nlohmann's
// exceptions stay in here.
namespace latchkey {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxFactSize = 64 * 1024;
constexpr std::size_t kMaxWindows = 1024;
constexpr std::size_t kMaxRepairedChains = 512;
constexpr std::size_t kMaxQuantities = 256;

struct BadFact {
  std::string what;
};

Time time_at(const Json& object, const char* name) {
  const auto time = parse_time(object.at(name).get_ref<const std::string&>());
  if (!time) throw BadFact{std::string(name) + " is not an RFC 3339 time"};
  return *time;
}

Json to_json(const LicenseSummary& license) {
  Json windows = Json::array();
  for (const auto& window : license.windows)
    windows.push_back({format_time(window.not_before), format_time(window.not_after)});
  return {{"document", license.document},
          {"id", license.id},
          {"issued", format_time(license.issued)},
          {"windows", std::move(windows)}};
}

LicenseSummary license_from(const Json& object) {
  LicenseSummary license{object.at("document"), object.at("id"), time_at(object, "issued"), {}};
  const auto& windows = object.at("windows");
  if (!windows.is_array() || windows.empty() || windows.size() > kMaxWindows)
    throw BadFact{"windows is not a list of 1 to 1024"};
  for (const auto& window : windows) {
    const auto from = parse_time(window.at(0).get_ref<const std::string&>());
    const auto to = parse_time(window.at(1).get_ref<const std::string&>());
    if (!from || !to) throw BadFact{"a validity window is not two RFC 3339 times"};
    license.windows.push_back({*from, *to});
  }
  return license;
}

Json to_json(const KeyReading& reading) {
  Json object = {{"key", reading.key_id}};
  if (reading.fault) object["fault"] = to_string(*reading.fault);
  if (!reading.detail.empty()) object["detail"] = reading.detail;
  if (reading.license) object["license"] = to_json(*reading.license);
  if (reading.stamp)
    object["stamp"] = {{"removed_at", format_time(reading.stamp->removed_at)},
                       {"buffer_until", format_time(reading.stamp->buffer_until)}};
  return object;
}

KeyReading reading_from(const Json& object) {
  KeyReading reading;
  reading.key_id = object.at("key");
  reading.detail = object.value("detail", "");
  if (object.contains("fault")) {
    reading.fault = parse_key_fault(object.at("fault").get_ref<const std::string&>());
    if (!reading.fault) throw BadFact{"fault is no KEY-3 reason"};
  }
  if (object.contains("license")) reading.license = license_from(object.at("license"));
  if (object.contains("stamp")) {
    const auto& stamp = object.at("stamp");
    reading.stamp = RemovalStamp{time_at(stamp, "removed_at"), time_at(stamp, "buffer_until")};
  }
  if (reading.works() && (!reading.license || reading.key_id.empty()))
    throw BadFact{"a working key without a license or a key ID"};
  return reading;
}

Json to_json(const Quantities& quantities) {
  Json list = Json::array();
  for (const auto& [pool, quantity] : quantities)
    list.push_back({{"object", pool.object}, {"unit", pool.unit}, {"quantity", quantity}});
  return list;
}

Quantities quantities_from(const Json& in, const char* name) {
  Quantities out;
  if (!in.contains(name)) return out;
  const auto& list = in.at(name);
  if (!list.is_array() || list.size() > kMaxQuantities)
    throw BadFact{std::string(name) + " is not a list of 256 at most"};
  for (const auto& item : list) {
    const auto& quantity = item.at("quantity");
    if (!quantity.is_number_unsigned()) throw BadFact{"a quantity is not a number"};
    out[{item.at("object"), item.at("unit")}] = quantity;
  }
  return out;
}

struct BodyWriter {
  Json& out;
  void operator()(const NodeStarted& body) const { out["version"] = body.version; }
  void operator()(const NodeStopped&) const {}
  void operator()(const NodeJoined& body) const {
    out["member"] = body.node;
    if (!body.replaces.empty()) out["replaces"] = body.replaces;
  }
  void operator()(const NodeFactors& body) const {
    out["deployment"] = body.deployment;
    out["factors"] = body.factors;
    if (!body.unreadable.empty()) out["unreadable"] = body.unreadable;
  }
  void operator()(const KeyRead& body) const {
    out["port"] = body.port;
    out["driver"] = body.driver;
    out["reading"] = to_json(body.reading);
  }
  void operator()(const KeyGone& body) const {
    out["port"] = body.port;
    if (body.while_down) out["while_down"] = true;
  }
  void operator()(const LicenseImported& body) const {
    if (!body.key_id.empty()) out["key"] = body.key_id;
    out["license"] = to_json(body.license);
    out["by"] = body.by;
    out["method"] = body.method;
    if (!body.batch.empty()) out["batch"] = body.batch;
  }
  void operator()(const LicenseDeleted& body) const {
    out["document"] = body.document;
    out["id"] = body.id;
    out["by"] = body.by;
  }
  void operator()(const LicenseWithdrawn& body) const {
    out["key"] = body.key_id;
    out["document"] = body.document;
    out["id"] = body.id;
    out["reason"] = body.reason;
  }
  void operator()(const TrustInstalled& body) const {
    out["version"] = body.version;
    out["document"] = body.document;
    out["by"] = body.by;
  }
  void operator()(const ImportRefused& body) const {
    out["code"] = body.code;
    out["detail"] = body.detail;
    out["by"] = body.by;
    out["method"] = body.method;
    out["batch"] = body.batch;
  }
  void operator()(const ClockJumped& body) const {
    out["from"] = format_time(body.from);
    out["to"] = format_time(body.to);
  }
  void operator()(const TimeRepaired& body) const {
    out["id"] = body.id;
    out["time"] = format_time(body.time);
    out["document"] = body.document;
    out["heads"] = body.heads;
    if (body.estimated) out["estimated"] = true;
    out["by"] = body.by;
  }
  void operator()(const LeaseReleased& body) const {
    out["consumer"] = body.consumer;
    out["epoch"] = body.epoch;
    out["version"] = body.version;
    out["usage"] = to_json(body.usage);
    out["by"] = body.by;
    out["reason"] = body.reason;
  }
  void operator()(const ConsumerTermsSet& body) const {
    out["consumer"] = body.consumer;
    if (!body.reserve.empty()) out["reserve"] = to_json(body.reserve);
    if (!body.cap.empty()) out["cap"] = to_json(body.cap);
    if (!body.low_water.empty()) out["low_water"] = to_json(body.low_water);
    out["by"] = body.by;
  }
  void operator()(const AccessFact& body) const { write_access_fact(body, out); }
  void operator()(const UpstreamFact& body) const { write_upstream_fact(body, out); }
  void operator()(const LeasesTaken& body) const {
    out["epoch"] = body.epoch;
    out["cause"] = body.cause;
    if (!body.by.empty()) out["by"] = body.by;
  }
  void operator()(const PeerLost& body) const { out["peer"] = body.peer; }
  void operator()(const PeerFound& body) const { out["peer"] = body.peer; }
  void operator()(const HistoryWarning& body) const {
    out["code"] = body.code;
    out["detail"] = body.detail;
  }
  void operator()(const UnknownFact&) const {}
};

NodeFactors factors_from(const Json& in) {
  NodeFactors out{in.at("deployment"), in.at("factors"),
                  in.value("unreadable", std::vector<std::string>{})};
  if (out.factors.size() > kMaxFactors || out.unreadable.size() > kMaxFactors)
    throw BadFact{"more factors than any machine has"};
  for (const auto& [name, hash] : out.factors) {
    const auto digest = from_hex(hash);
    if (name.empty() || name.size() > kMaxFactorName || !digest ||
        digest->size() != Digest().size())
      throw BadFact{"a factor is not a name with a salted hash"};
  }
  return out;
}

LicenseImported import_from(const Json& in) {
  LicenseImported imported{in.value("key", ""), license_from(in.at("license")), in.at("by"),
                           in.at("method"), in.value("batch", "")};
  if (imported.license.document.empty()) throw BadFact{"an imported license without a document"};
  return imported;
}

TrustInstalled trust_from(const Json& in) {
  TrustInstalled installed{0, in.at("document"), in.at("by")};
  const auto& version = in.at("version");
  if (!version.is_number_unsigned() || version == 0 || installed.document.empty())
    throw BadFact{"an installed trust bundle without a version or a document"};
  installed.version = version;
  return installed;
}

ClockJumped jump_from(const Json& in) {
  const ClockJumped jumped{time_at(in, "from"), time_at(in, "to")};
  if (jumped.to <= jumped.from) throw BadFact{"a jump that is none"};
  return jumped;
}

TimeRepaired repair_from(const Json& in) {
  TimeRepaired repaired{in.at("id"), time_at(in, "time"),          in.at("document"),
                        {},          in.value("estimated", false), in.at("by")};
  const auto& heads = in.at("heads");
  if (!heads.is_object() || heads.size() > kMaxRepairedChains || repaired.document.empty())
    throw BadFact{"a time repair without a document, or of too many chains"};
  for (const auto& [chain, head] : heads.items()) {
    if (!head.is_number_unsigned()) throw BadFact{"a head is not a number"};
    repaired.heads.emplace(chain, head);
  }
  return repaired;
}

LeaseReleased lease_from(const Json& in) {
  LeaseReleased released{in.at("consumer"), 0, 0, quantities_from(in, "usage"), in.at("by"),
                         in.at("reason")};
  const auto& epoch = in.at("epoch");
  const auto& version = in.at("version");
  if (!epoch.is_number_unsigned() || !version.is_number_unsigned())
    throw BadFact{"a released lease without a version"};
  released.epoch = epoch;
  released.version = version;
  return released;
}

LeasesTaken taking_from(const Json& in) {
  LeasesTaken taken{0, in.at("cause"), in.value("by", "")};
  const auto& epoch = in.at("epoch");
  if (!epoch.is_number_unsigned() || epoch == 0 || epoch > kMaxEpoch)
    throw BadFact{"leases taken without an epoch"};
  taken.epoch = epoch;
  return taken;
}

FactBody body_from(const std::string& kind, const Json& in) {
  if (kind == "node-started") return NodeStarted{in.at("version")};
  if (kind == "node-stopped") return NodeStopped{};
  if (kind == "node-joined") return NodeJoined{in.at("member"), in.value("replaces", "")};
  if (kind == "node-factors") return factors_from(in);
  if (kind == "key-read")
    return KeyRead{in.at("port"), in.at("driver"), reading_from(in.at("reading"))};
  if (kind == "key-gone") return KeyGone{in.at("port"), in.value("while_down", false)};
  if (kind == "license-imported") return import_from(in);
  if (kind == "license-deleted") return LicenseDeleted{in.at("document"), in.at("id"), in.at("by")};
  if (kind == "license-withdrawn")
    return LicenseWithdrawn{in.at("key"), in.at("document"), in.at("id"), in.at("reason")};
  if (kind == "trust-installed") return trust_from(in);
  if (kind == "import-refused")
    return ImportRefused{in.at("code"), in.at("detail"), in.at("by"), in.at("method"),
                         in.at("batch")};
  if (kind == "clock-jumped") return jump_from(in);
  if (kind == "time-repaired") return repair_from(in);
  if (kind == "lease-released") return lease_from(in);
  if (kind == "consumer-terms")
    return ConsumerTermsSet{in.at("consumer"), quantities_from(in, "reserve"),
                            quantities_from(in, "cap"), quantities_from(in, "low_water"),
                            in.at("by")};
  if (kind == "leases-taken") return taking_from(in);
  if (kind == "peer-lost") return PeerLost{in.at("peer")};
  if (kind == "peer-found") return PeerFound{in.at("peer")};
  if (kind == "history-warning") return HistoryWarning{in.at("code"), in.at("detail")};
  if (auto access = read_access_fact(kind, in)) {
    if (!*access) throw BadFact{access->error().message};
    return **std::move(access);
  }
  if (auto upstream = read_upstream_fact(kind, in)) {
    if (!*upstream) throw BadFact{upstream->error().message};
    return **std::move(upstream);
  }
  return UnknownFact{kind};
}

DecodedFact decode_or_throw(std::string_view text) {
  const Json in = Json::parse(text);
  DecodedFact decoded;
  decoded.prev = in.at("prev");
  decoded.hash = content_hash(as_bytes(text));
  auto& fact = decoded.fact;
  fact.at = time_at(in, "at");
  fact.chain = in.at("chain");
  fact.node = in.at("node");
  const auto& seq = in.at("seq");
  if (!seq.is_number_unsigned() || seq == 0) throw BadFact{"seq is not a positive number"};
  fact.seq = seq;
  if (fact.chain.empty() || fact.node.empty()) throw BadFact{"chain or node is empty"};
  fact.body = body_from(in.at("kind"), in);
  return decoded;
}

tl::unexpected<Error> invalid(const std::string& what) {
  return fail("invalid-fact", "A fact of the history cannot be read: " + what + ".",
              "Run `latchkey record verify` on both nodes.");
}

}  // namespace

EncodedFact encode(const Fact& fact, std::string_view prev_hash) {
  Json out = {{"at", format_time(fact.at)}, {"chain", fact.chain},     {"seq", fact.seq},
              {"node", fact.node},          {"kind", kind(fact.body)}, {"prev", prev_hash}};
  std::visit(BodyWriter{out}, fact.body);
  EncodedFact encoded;
  // Bytes from a key may stand in `detail`: what is not UTF-8 is replaced, not thrown over.
  encoded.text = out.dump(-1, ' ', false, Json::error_handler_t::replace);
  encoded.hash = content_hash(as_bytes(encoded.text));
  return encoded;
}

Result<DecodedFact> decode_fact(std::string_view text) {
  if (text.size() > kMaxFactSize) return invalid("longer than 64 KiB");
  try {
    return decode_or_throw(text);
  } catch (const BadFact& bad) {
    return invalid(bad.what);
  } catch (const Json::exception& bad) {
    return invalid(bad.what());
  }
}

}  // namespace latchkey
