#include <nlohmann/json.hpp>

#include "tools/latchkey-emulator/bench/bench.h"

// The words of `latchkey-emulator ctl`.
namespace latchkey::emulator {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

json describe(const Device& device) {
  auto out = device.describe();
  out["kind"] = device.driver();
  out["fault"] = to_string(device.fault());
  return out;
}

/// Takes `--name VALUE` out of the arguments.
std::string take_option(Arguments& arguments, std::string_view name, std::string otherwise) {
  for (auto at = arguments.begin(); at != arguments.end(); ++at) {
    if (*at != name || at + 1 == arguments.end()) continue;
    auto value = *(at + 1);
    arguments.erase(at, at + 2);
    return value;
  }
  return otherwise;
}

bool take_flag(Arguments& arguments, std::string_view name) {
  return std::erase(arguments, name) != 0;
}

/// Takes the options of `create`; nothing when they do not go together.
std::optional<Persona> take_persona(Arguments& arguments) {
  const bool p256 = take_flag(arguments, "--p256"), piv = take_flag(arguments, "--piv");
  const piv::Model model{.short_apdu = take_flag(arguments, "--short-apdu"),
                         .composite = take_flag(arguments, "--composite"),
                         .aes = take_flag(arguments, "--aes")};
  if (piv && !p256) return model;
  if (piv || model != piv::Model{}) return std::nullopt;
  return p256 ? KeyAlgorithm::ecdsa_p256 : KeyAlgorithm::ed25519;
}

}  // namespace

json Bench::list() const {
  json keys = json::array();
  for (const auto& [name, entry] : keys_) {
    json key = describe(*entry.device);
    key["name"] = name;
    key["port"] = entry.port.empty() ? json() : json(entry.port);
    key["generation"] = entry.generation;
    keys.push_back(std::move(key));
  }
  return {{"ports", ports_}, {"keys", std::move(keys)}};
}

Result<json> Bench::command(Arguments arguments, const std::string& default_port) {
  const auto port = take_option(arguments, "--port", default_port);
  const auto persona = take_persona(arguments);
  const auto is = [&](std::string_view verb, std::size_t operands) {
    return arguments.size() == operands + 1 && arguments[0] == verb;
  };
  const auto done = [](const Result<void>& outcome) -> Result<json> {
    if (!outcome) return tl::make_unexpected(outcome.error());
    return json::object();
  };
  if (is("list", 0)) return list();
  if (is("plug", 1)) return done(plug(arguments[1], port));
  if (is("pull", 1)) return done(pull(arguments[1]));
  if (is("fault", 2)) return done(set_fault(arguments[1], arguments[2]));
  if (is("copy-content", 2)) return done(copy_content(arguments[1], arguments[2]));
  if (is("create", 1) && persona) return done(create(arguments[1], *persona));
  return fail(
      "usage", "The emulator does not understand that command.",
      "plug KEY [--port PORT] | pull KEY | fault KEY KIND | create KEY [--p256] | "
      "create KEY --piv [--short-apdu] [--composite] [--aes] | copy-content FROM TO | list");
}

}  // namespace latchkey::emulator
