#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "core/license/document.h"
#include "core/usbkey/key_id.h"

namespace latchkey {
namespace {

using nlohmann::json;

// {…, "binding": {"nodes": [{"factors": {}}]}}
constexpr JsonLimits kLimits{128 * 1024, 5};
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxText = 256;
constexpr std::size_t kMaxSuperseded = 64;
constexpr std::size_t kMaxTerms = 16;
constexpr std::size_t kMaxNodes = 16;
constexpr std::size_t kMaxFactors = 16;
constexpr std::uint64_t kMaxQuantity = 1'000'000'000;
// The largest whole number that every JSON reader keeps exact.
constexpr std::uint64_t kMaxSerial = (std::uint64_t{1} << 53) - 1;

LicenseEntry read_entry(JsonObject& object) {
  LicenseEntry out;
  out.object = object.name("object", kMaxName);
  out.unit = object.name("unit", kMaxName);
  out.quantity = object.number("quantity", 1, kMaxQuantity);
  object.choice("kind", [&](std::string_view text) {
    const auto kind = parse_entry_kind(text);
    out.kind = kind.value_or(EntryKind::module);
    return kind.has_value();
  });
  out.validity = {object.time("not_before"), object.time("not_after")};
  if (out.validity.not_before >= out.validity.not_after)
    object.reject("not_after", "not later than not_before");
  out.terms = object.texts("terms", kMaxTerms, kMaxText);
  return out;
}

KeyBinding read_key_binding(JsonObject& object) {
  KeyBinding out{object.text("key_id", kMaxName)};
  if (parse_key_id(out.key_id) != out.key_id) object.reject("key_id", "not a key ID");
  return out;
}

DeploymentBinding read_deployment_binding(JsonObject& object) {
  DeploymentBinding out;
  out.deployment = object.hex("deployment", 32);
  object.objects("nodes", 1, kMaxNodes, [&](JsonObject& node) {
    out.nodes.push_back(
        {node.name("node", kMaxName), node.texts("factors", kMaxFactors, kMaxText)});
  });
  out.required = object.number("required", 1, kMaxFactors);
  return out;
}

LicenseDocument read_document(JsonObject& object) {
  LicenseDocument out;
  out.id = object.name("id", kMaxName);
  out.serial = object.number("serial", 0, kMaxSerial);
  out.issued = object.time("issued");
  out.issuer = object.name("issuer", kMaxName);
  out.customer = object.text("customer", kMaxText);
  object.object("binding", [&](JsonObject& binding) {
    if (binding.has("key_id"))
      out.binding = read_key_binding(binding);
    else
      out.binding = read_deployment_binding(binding);
  });
  object.objects("entries", 1, kMaxEntries,
                 [&](JsonObject& entry) { out.entries.push_back(read_entry(entry)); });
  object.choice("minimum_assurance", [&](std::string_view text) {
    const auto assurance = parse_key_assurance(text);
    out.minimum_assurance = assurance.value_or(KeyAssurance::attested);
    return assurance.has_value();
  });
  out.supersedes = object.names("supersedes", kMaxSuperseded, kMaxName);
  return out;
}

json to_json(const LicenseEntry& entry) {
  json out{{"object", entry.object},
           {"unit", entry.unit},
           {"quantity", entry.quantity},
           {"kind", to_string(entry.kind)},
           {"not_before", format_time(entry.validity.not_before)},
           {"not_after", format_time(entry.validity.not_after)}};
  if (!entry.terms.empty()) out["terms"] = entry.terms;
  return out;
}

json to_json(const KeyBinding& binding) { return {{"key_id", binding.key_id}}; }

json to_json(const DeploymentBinding& binding) {
  auto nodes = json::array();
  for (const auto& node : binding.nodes)
    nodes.push_back({{"node", node.node}, {"factors", node.factors}});
  return {{"deployment", binding.deployment},
          {"nodes", std::move(nodes)},
          {"required", binding.required}};
}

}  // namespace

Result<LicenseDocument> parse_license(ByteView payload) {
  LK_TRY(const auto value, parse_json(as_text(payload), kLimits));
  JsonObject object(value);
  auto out = read_document(object);
  LK_CHECK(object.finish());
  return out;
}

std::string serialise(const LicenseDocument& document) {
  auto entries = json::array();
  for (const auto& entry : document.entries) entries.push_back(to_json(entry));
  json out{{"id", document.id},
           {"serial", document.serial},
           {"issued", format_time(document.issued)},
           {"issuer", document.issuer},
           {"customer", document.customer},
           {"entries", std::move(entries)},
           {"minimum_assurance", to_string(document.minimum_assurance)}};
  out["binding"] =
      std::visit([](const auto& binding) { return to_json(binding); }, document.binding);
  if (!document.supersedes.empty()) out["supersedes"] = document.supersedes;
  return out.dump();
}

}  // namespace latchkey
