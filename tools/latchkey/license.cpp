#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/upload_file.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

std::string entry_text(const json& entry) {
  const auto status = text(entry, "status");
  return text(entry, "object_name") + " (" + text(entry, "kind") + "), " + text(entry, "quantity") +
         " " + text(entry, "unit_name") + ", " + date(text(entry, "not_before")) + " to " +
         date(text(entry, "not_after")) + (status == "valid" ? "" : ", " + status) +
         (flag(entry, "known") ? "" : ", not in the catalogue");
}

void print_entries(std::ostream& out, const json& license) {
  for (const auto& entry : member(license, "entries")) out << "  " << entry_text(entry) << '\n';
}

void print_result(Context& context, const json& result) {
  const auto& storage = member(result, "key_storage");
  context.out << context.style.good("Installed") << " license " << text(result, "id") << " for key "
              << text(result, "key") << (flag(result, "used") ? "; it is in use now.\n" : ".\n");
  print_entries(context.out, result);
  const auto state = text(storage, "state");
  const auto shown = text(storage, "message");
  context.out << "Key: " << (state == "failed" ? context.style.warn(shown) : shown) << '\n';
}

void print_nodes(Context& context, const json& answer) {
  for (const auto& node : member(answer, "nodes")) {
    if (flag(node, "has"))
      context.out << "Node " << text(node, "name") << " has it.\n";
    else
      context.out << context.style.warn("Node " + text(node, "name") + " has not got it yet")
                  << "; it gets it as soon as the link between the nodes is up.\n";
  }
}

void install(Context& context, const std::string& file) {
  const auto license = read_upload(file);
  if (!license) return report(context, license.error());
  show_or_report(context, context.client().post("/v1/licenses", *license), [&](const json& body) {
    if (text(body, "failed") != "0") context.exit_code = kRefused;
    if (context.json) return print_json(context, body);
    for (const auto& result : member(body, "documents")) print_result(context, result);
    print_nodes(context, body);
  });
}

std::string place_of(const json& license) {
  const auto stored = text(license, "stored");
  if (stored == "key") return "on the key";
  return stored == "both" ? "on the key and kept by the agents" : "kept by the agents";
}

void print_license(Context& context, const json& license) {
  const auto& installed = member(license, "installed");
  context.out << context.style.bold(text(license, "id")) << "  key " << text(license, "key") << "  "
              << text(license, "status") << (flag(license, "used") ? ", in use" : ", not in use")
              << ", " << place_of(license) << "\n  issued " << date(text(license, "issued"));
  if (installed.is_object())
    context.out << "; installed " << date(text(installed, "at")) << " by " << text(installed, "by")
                << " on " << text(installed, "node_name");
  context.out << '\n';
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
  auto* installing = verb->add_subcommand("install", "Install the license that the vendor sent");
  auto file = std::make_shared<std::string>();
  installing->add_option("FILE", *file, "the license; - for standard input")->required();
  installing->callback([file, &context] { install(context, *file); });
  verb->add_subcommand("list", "Every license: on the keys, kept by the agents, in use")
      ->callback([&context] { list(context); });
}

}  // namespace latchkey::cli
