#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/install.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

void remove(Context& context, const std::string& id) {
  show_or_report(context, context.client().remove("/v1/licenses/" + escaped(id)),
                 [&](const json& body) {
                   if (context.json) return print_json(context, body);
                   context.out << "Deleted license " << text(body, "id") << ".\n";
                   print_nodes(context, body, "knows of it", "does not know of it yet");
                 });
}

std::string place_of(const json& license) {
  const auto stored = text(license, "stored");
  if (stored == "key") return "on the key";
  return stored == "both" ? "on the key and kept by the agents" : "kept by the agents";
}

/// SPEC REQ-2: what moved is named, also when the license still counts.
void print_environment(Context& context, const json& license) {
  const auto& environment = member(license, "environment");
  const auto misfit = text(environment, "misfit");
  if (misfit.empty()) return;
  const char* what = flag(environment, "fits") ? "still fits, but: " : "does not fit: ";
  context.out << "  " << context.style.warn(what + misfit) << '\n';
}

void print_license(Context& context, const json& license) {
  const auto& installed = member(license, "installed");
  const auto replaced = text(license, "superseded_by");
  context.out << context.style.bold(text(license, "id")) << "  " << bound_to(license) << "  "
              << text(license, "status") << (flag(license, "used") ? ", in use" : ", not in use")
              << (replaced.empty() ? "" : ", replaced by " + replaced) << ", " << place_of(license)
              << "\n  issued " << date(text(license, "issued"));
  if (installed.is_object())
    context.out << "; installed " << date(text(installed, "at")) << " by " << text(installed, "by")
                << " on " << text(installed, "node_name") << " from a "
                << text(installed, "method");
  context.out << '\n';
  print_environment(context, license);
  print_entries(context.out, license);
}

void list(Context& context) {
  show_or_report(context, context.client().get("/v1/licenses"), [&](const json& body) {
    if (context.json) return print_json(context, body);
    const auto& licenses = member(body, "licenses");
    for (const auto& license : licenses) print_license(context, license);
    if (licenses.empty()) context.out << "No license is known here.\n";
  });
}

}  // namespace

void add_license(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("license", "The licenses")->require_subcommand(1);
  auto* installing = verb->add_subcommand("install", "Install what the vendor sent");
  auto file = std::make_shared<std::string>();
  installing
      ->add_option("FILE", *file,
                   "a license, several in one text, or a package (.tar.gz); - for standard input")
      ->required();
  installing->callback([file, &context] { install_file(context, *file, "/v1/licenses"); });
  auto* deleting = verb->add_subcommand("delete", "Delete a module that came in a file");
  auto id = std::make_shared<std::string>();
  deleting->add_option("ID", *id, "as `license list` shows it")->required();
  deleting->callback([id, &context] { remove(context, *id); });
  verb->add_subcommand("list", "Every license: on the keys, kept by the agents, in use")
      ->callback([&context] { list(context); });
}

}  // namespace latchkey::cli
