#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/install.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

std::string origin_text(const json& origin) {
  if (text(origin, "from") == "configuration") return "from " + text(origin, "file");
  return "installed " + date(text(origin, "at")) + " by " + text(origin, "by") + " on " +
         text(origin, "node_name");
}

void print_bundle(Context& context, const json& trust) {
  if (text(trust, "version") == "0") {
    context.out << context.style.warn("No trust bundle is in force: no license is believed.\n");
    return;
  }
  context.out << "Trust bundle version " << context.style.bold(text(trust, "version"))
              << ", issued " << date(text(trust, "issued")) << ", "
              << origin_text(member(trust, "origin")) << '\n';
}

void print_roots(Context& context, const json& trust) {
  const auto& roots = member(trust, "roots");
  context.out << "Roots (" << text(trust, "threshold") << " of " << roots.size()
              << " must sign the next bundle)\n";
  for (const auto& root : roots)
    context.out << "  " << text(root, "fingerprint") << "  " << text(root, "algorithm") << '\n';
}

std::string issuer_text(const json& issuer) {
  std::string scopes;
  for (const auto& scope : member(issuer, "scopes"))
    if (scope.is_string())
      scopes += (scopes.empty() ? "" : ", ") + printable(scope.get<std::string>());
  return text(issuer, "name") + "  " + text(issuer, "fingerprint") + "  " + text(issuer, "status") +
         "\n    issues " + (scopes.empty() ? "nothing" : scopes) + ", " +
         date(text(issuer, "not_before")) + " to " + date(text(issuer, "not_after"));
}

void print_issuers(Context& context, const json& trust) {
  context.out << "Issuing keys\n";
  for (const auto& issuer : member(trust, "issuers"))
    context.out << "  " << issuer_text(issuer) << '\n';
}

void print_revoked(Context& context, const json& trust) {
  const std::pair<const char*, const char*> lists[] = {
      {"issuers", "issuing key"}, {"licenses", "license"}, {"key_ids", "USB key"}};
  for (const auto& [name, what] : lists)
    for (const auto& item : member(member(trust, "revoked"), name))
      if (item.is_string())
        context.out << "Revoked   " << what << ' ' << printable(item.get<std::string>()) << '\n';
}

void show(Context& context) {
  show_or_report(context, context.client().get("/v1/trust"), [&](const json& trust) {
    if (context.json) return print_json(context, trust);
    print_bundle(context, trust);
    print_roots(context, trust);
    print_issuers(context, trust);
    print_revoked(context, trust);
  });
}

}  // namespace

void add_trust(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("trust", "Whose licenses this deployment believes");
  verb->require_subcommand(1);
  verb->add_subcommand("show", "The root keys, issuing keys and revocations in force")
      ->callback([&context] { show(context); });
  auto* installing =
      verb->add_subcommand("install", "Install the trust bundle that the vendor sent");
  auto file = std::make_shared<std::string>();
  installing->add_option("FILE", *file, "the bundle; - for standard input")->required();
  installing->callback([file, &context] { install_file(context, *file, "/v1/trust"); });
}

}  // namespace latchkey::cli
