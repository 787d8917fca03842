#include "tools/latchkey-vendor/inspect_device.h"

#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "core/license/envelope.h"
#include "drivers/hidkey/channel.h"
#include "drivers/hidkey/protocol.h"
#include "drivers/piv/provisioner.h"

namespace latchkey::vendor {
namespace {

using nlohmann::json;

/// The id in a license that nobody has verified yet; null when it is none.
json claimed_license(ByteView text) {
  const auto envelope = parse_envelope(text);
  const auto payload = envelope ? parse_json(as_text(envelope->payload), {kMaxEnvelopeSize, 16})
                                : Result<json>(json());
  return payload && payload->is_object() ? payload->value("id", json()) : json();
}

json about_slot(const piv::ObjectContent& slot) {
  if (slot.foreign) return {{"foreign", true}, {"size", slot.size}};
  if (!slot.license) return {{"empty", true}, {"size", slot.size}};
  return {{"generation", slot.license->generation},
          {"size", slot.size},
          {"license", claimed_license(slot.license->envelope)}};
}

Result<json> inspect_piv(const DeviceRef& device) {
  LK_TRY(const auto card, told(open_card(device)));
  LK_TRY(const auto content, told(piv::inspect_token(*card, call_deadline())));
  json out{{"way", card->way()},
           {"slots", json::array({about_slot(content.slots[0]), about_slot(content.slots[1])})},
           {"management_key", {{"factory", content.factory_management_key}}}};
  if (content.management_algorithm)
    out["management_key"]["algorithm"] = to_string(*content.management_algorithm);
  if (content.private_key) out["private_key"] = *content.private_key;
  if (content.certificate) {
    out["certificate"] = content.certificate->subject;
    out["algorithm"] = to_string(content.certificate->public_key.algorithm());
  }
  if (content.winner) out["in_use"] = *content.winner;
  return out;
}

/// HELLO says it all but the license.
Result<json> inspect_hid(const DeviceRef& device, Key& key) {
  const auto envelope = key.read_license(call_deadline());
  LK_TRY(auto pipe, told(open_report_pipe(device)));
  hidkey::Channel channel(std::move(pipe), system_random);
  LK_TRY(const auto answer, told(channel.call(static_cast<std::uint8_t>(hidkey::Command::hello), {},
                                              call_deadline())));
  const auto hello = hidkey::parse_hello(answer);
  if (!hello) return refusal({KeyError::Kind::protocol, "malformed HELLO answer"});
  const bool ed25519 = hello->algorithm == hidkey::Algorithm::ed25519;
  json out{{"way", device.emulated ? "emulated port" : "hidraw"},
           {"algorithm", to_string(ed25519 ? KeyAlgorithm::ed25519 : KeyAlgorithm::ecdsa_p256)},
           {"slots", json::array()}};
  for (std::size_t i = 0; i < hello->slots.size(); ++i) {
    const auto& slot = hello->slots[i];
    json about{{"size", slot.length}};
    if (slot.committed) about["generation"] = slot.generation;
    if (!slot.committed) about["empty"] = true;
    if (envelope && hello->winner == i) about["license"] = claimed_license(*envelope);
    out["slots"].push_back(std::move(about));
  }
  if (hello->winner != hidkey::kNoSlot) out["in_use"] = hello->winner;
  return out;
}

/// Who the key proves to be.
Result<void> identify(Key& key, json& about) {
  const TrustStore nobody({});
  LK_TRY(const auto bench, Bench::create(nobody));
  const auto result = read_key(key, bench.context());
  if (result && !result->reading.key_id.empty())
    about["key_id"] = result->reading.key_id;
  else
    about["problem"] = result ? result->reading.detail : "no license key yet";
  return {};
}

// Escaped to ASCII, so that a hostile key cannot steer the terminal.
std::string ascii(const json& value) { return value.dump(-1, ' ', true); }

std::string in_words(const json& slot, bool in_use) {
  if (slot.contains("foreign")) return "something else, " + ascii(slot["size"]) + " bytes";
  if (!slot.contains("generation"))
    return slot["size"] == 0 ? "empty" : "damaged, " + ascii(slot["size"]) + " bytes";
  auto out = "generation " + ascii(slot["generation"]) + ", " + ascii(slot["size"]) + " bytes";
  if (slot.contains("license")) out += ", license " + ascii(slot["license"]);
  return in_use ? out + ", in use" : out;
}

}  // namespace

Result<json> inspect_device(const DeviceOptions& options) {
  LK_TRY(const auto device, find_device(options));
  LK_TRY(const auto key, open_device(options));
  json out;
  if (device.driver == "piv") {
    LK_TRY(out, inspect_piv(device));
  } else {
    LK_TRY(out, inspect_hid(device, *key));
  }
  out["driver"] = device.driver;
  LK_CHECK(identify(*key, out));
  return out;
}

void print_device(const json& about, std::ostream& out) {
  const auto& slots = about["slots"];
  out << "driver:         " << about["driver"].get<std::string>() << " ("
      << about["way"].get<std::string>() << ")\n";
  if (about.contains("key_id"))
    out << "key ID:         " << about["key_id"].get<std::string>() << '\n';
  if (about.contains("problem")) out << "problem:        " << ascii(about["problem"]) << '\n';
  if (about.contains("algorithm"))
    out << "algorithm:      " << about["algorithm"].get<std::string>() << '\n';
  if (about.contains("certificate"))
    out << "certificate:    " << ascii(about["certificate"]) << '\n';
  for (std::size_t i = 0; i < slots.size(); ++i)
    out << "slot " << (i == 0 ? 'A' : 'B') << ":         "
        << in_words(slots[i], about.contains("in_use") && about["in_use"] == i) << '\n';
  if (!about.contains("management_key")) return;
  const auto& management = about["management_key"];
  out << "management key: " << (management["factory"] == true ? "the factory's" : "its own");
  if (management.contains("algorithm")) out << ", " << management["algorithm"].get<std::string>();
  out << '\n';
}

}  // namespace latchkey::vendor
