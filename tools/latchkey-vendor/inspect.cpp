#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "core/base/sha256.h"
#include "core/deployment/request_key.h"
#include "core/license/envelope.h"
#include "tools/latchkey-vendor/device.h"
#include "tools/latchkey-vendor/documents.h"
#include "tools/latchkey-vendor/inspect_device.h"
#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

using nlohmann::json;

struct Options {
  std::string file;
  DeviceOptions device;
  std::vector<std::string> keys;
  bool json = false;
};

/// The payload as JSON if it is some, else as hexadecimal text.
json payload_of(const Envelope& envelope) {
  auto value = parse_json(as_text(envelope.payload), {kMaxEnvelopeSize, 16});
  return value ? *std::move(value) : json(to_hex(envelope.payload));
}

json describe(const Envelope& envelope, ByteView text) {
  auto hints = json::array();
  for (const auto& signature : envelope.signatures) hints.push_back(signature.keyid);
  return {{"type", envelope.payload_type},
          {"payload", payload_of(envelope)},
          {"keyids", std::move(hints)},
          {"document", content_hash(text)}};
}

/// The file names of those `keys` under which a signature verifies.
json signed_by(const Envelope& envelope, const std::vector<std::string>& names,
               const std::vector<PublicKey>& keys) {
  auto out = json::array();
  for (const auto at : verified_by(envelope, keys)) out.push_back(names[at]);
  return out;
}

// Escaped to ASCII, so that a hostile file cannot steer the terminal.
std::string ascii(const json& value, int indent) { return value.dump(indent, ' ', true); }

/// A request key brings its own key: whether it fits needs nobody else's word.
json own_signature(ByteView text) {
  const auto request = verify_request_key(text);
  if (!request) return {{"valid", false}, {"reason", request.error().message}};
  auto uncovered = json::array();
  for (const auto& node : request->nodes)
    if (!node.covered()) uncovered.push_back(node.name);
  return {{"valid", true}, {"not_covered", std::move(uncovered)}};
}

void print_own_signature(const json& own, std::ostream& out) {
  if (!own["valid"]) {
    out << "signature: NOT VALID: " << ascii(own["reason"], -1) << '\n';
    return;
  }
  out << "signature: valid, of the deployment's own key\n";
  if (!own["not_covered"].empty())
    out << "no factors of: " << ascii(own["not_covered"], -1) << '\n';
}

void print(const json& about, std::ostream& out) {
  out << "type:      " << ascii(about["type"], -1) << '\n'
      << "document:  " << about["document"].get<std::string>() << '\n';
  for (const auto& hint : about["keyids"])
    out << "keyid:     " << ascii(hint, -1) << " (a claim)\n";
  if (about.contains("signed_by")) out << "signed by: " << ascii(about["signed_by"], -1) << '\n';
  if (about.contains("own_signature")) print_own_signature(about["own_signature"], out);
  out << ascii(about["payload"], 2) << '\n';
}

Result<json> about(const PackagedDocument& document, const Options& options,
                   const std::vector<PublicKey>& keys) {
  LK_TRY(const auto envelope, parse_envelope(document.envelope));
  auto out = describe(envelope, document.envelope);
  if (!keys.empty()) out["signed_by"] = signed_by(envelope, options.keys, keys);
  if (document.type == kRequestKeyType) out["own_signature"] = own_signature(document.envelope);
  return out;
}

/// A line of a package: what the document claims to be.
void print_line(const json& about, std::ostream& out) {
  out << about["name"].get<std::string>() << ": ";
  if (about.contains("problem")) {
    out << "NO DOCUMENT: " << ascii(about["problem"], -1) << '\n';
    return;
  }
  const auto& payload = about["payload"];
  out << ascii(about["type"], -1);
  for (const auto* member : {"id", "version", "customer", "binding", "issued", "supersedes"})
    if (payload.contains(member)) out << ' ' << member << '=' << ascii(payload[member], -1);
  if (payload.contains("entries")) out << " entries=" << payload["entries"].size();
  if (about.contains("signed_by")) out << " signed by " << ascii(about["signed_by"], -1);
  out << '\n';
}

void show_package(const std::vector<PackagedDocument>& documents, const Options& options,
                  const std::vector<PublicKey>& keys, std::ostream& out) {
  auto all = json::array();
  for (const auto& document : documents) {
    auto one = about(document, options, keys);
    auto shown = one ? *std::move(one) : json{{"problem", one.error().message}};
    shown["name"] = document.name;
    if (!options.json) print_line(shown, out);
    all.push_back(std::move(shown));
  }
  if (options.json) out << ascii({{"documents", std::move(all)}}, -1) << '\n';
}

Result<void> inspect_file(const Options& options, Session& session) {
  LK_TRY(const auto documents, read_documents(options.file));
  LK_TRY(const auto known, open_roots(options.keys, 1));
  if (documents.size() > 1) {
    show_package(documents, options, known.keys, session.out);
    return {};
  }
  LK_TRY(const auto shown, about(documents.front(), options, known.keys));
  if (options.json)
    session.out << ascii(shown, -1) << '\n';
  else
    print(shown, session.out);
  return {};
}

Result<void> inspect(const Options& options, Session& session) {
  if (!options.device.given()) return inspect_file(options, session);
  LK_TRY(const auto about, inspect_device(options.device));
  if (options.json)
    session.out << ascii(about, -1) << '\n';
  else
    print_device(about, session.out);
  return {};
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand(
      "inspect", "show any document or package, verified or not, or what is on a USB key");
  auto& options = on_chosen<Options>(*verb, session, inspect);
  auto* file = verb->add_option("file", options.file, "document or package")->type_name("FILE");
  add_device(*verb, options.device, file);
  verb->add_option("--key", options.keys, "public key to try on it; may be repeated")
      ->type_name("PREFIX");
  verb->add_flag("--json", options.json, "one line of JSON");
}

}  // namespace latchkey::vendor
