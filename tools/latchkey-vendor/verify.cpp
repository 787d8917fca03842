#include <nlohmann/json.hpp>

#include "core/license/envelope.h"
#include "tools/latchkey-vendor/files.h"
#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

using nlohmann::json;

struct Options {
  std::string file;
  TrustOptions trust;
  bool json = false;
};

json about(const VerifiedLicense& license) {
  const auto& document = license.document;
  json out{{"license", document.id},
           {"issuer", document.issuer},
           {"issued", format_time(document.issued)},
           {"document", license.hash}};
  if (const auto* binding = std::get_if<KeyBinding>(&document.binding))
    out["key_id"] = binding->key_id;
  else
    out["deployment"] = std::get<DeploymentBinding>(document.binding).deployment;
  return out;
}

/// What the file turned out to be.
Result<json> examine(const Options& options) {
  LK_TRY(const auto text, read_file(options.file));
  LK_TRY(const auto envelope, parse_envelope(as_bytes(text)));
  LK_TRY(auto trust, open_trust(options.trust));
  if (envelope.payload_type != kTrustType) {
    LK_TRY(const auto license, trust.verify_license(as_bytes(text)));
    return about(license);
  }
  LK_CHECK(trust.accept(as_bytes(text)));
  return json{{"trust_bundle", trust.version()}};
}

Result<void> verify(const Options& options, Session& session) {
  const auto found = examine(options);
  if (options.json) {
    auto out = found.value_or(json::object());
    out["verified"] = found.has_value();
    if (!found) out["code"] = found.error().code;
    session.out << out.dump(-1, ' ', true) << '\n';
  }
  if (!found) return tl::make_unexpected(found.error());
  if (!options.json)
    for (const auto& item : found->items())
      session.out << item.key() << ": " << item.value().dump(-1, ' ', true) << '\n';
  return {};
}

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("verify", "verify a license or trust bundle as an agent would");
  auto& options = on_chosen<Options>(*verb, session, verify);
  verb->add_option("file", options.file, "envelope")->required()->type_name("FILE");
  add_trust(*verb, options.trust, false);
  verb->add_flag("--json", options.json, "one line of JSON");
}

}  // namespace latchkey::vendor
