#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/upload_file.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

/// Ten thousand signatures take the agent some seconds.
constexpr std::chrono::seconds kPatience{120};
/// Of installed and of refused documents each; --json has them all.
constexpr std::size_t kShown = 20;

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

std::string bound_to(const json& license) {
  const auto key = text(license, "key");
  return key.empty() ? "this deployment" : "key " + key;
}

void print_installed(Context& context, const json& result) {
  if (const auto version = text(result, "trust_version"); !version.empty()) {
    context.out << context.style.good("Installed") << " trust bundle version " << version
                << "; it is in force.\n";
    return;
  }
  context.out << context.style.good("Installed") << " license " << text(result, "id") << " for "
              << bound_to(result) << (flag(result, "used") ? "; it is in use now.\n" : ".\n");
  print_entries(context.out, result);
  const auto& storage = member(result, "key_storage");
  if (!storage.is_object()) return;
  const auto state = text(storage, "state");
  const auto shown = text(storage, "message");
  context.out << "Key: " << (state == "failed" ? context.style.warn(shown) : shown) << '\n';
}

void print_refused(Context& context, const json& result) {
  const auto id = text(result, "id");
  context.out << context.style.warn("Refused") << ' ' << text(result, "name")
              << (id.empty() ? "" : " (license " + id + ")") << ": " << text(result, "message")
              << " [" << text(result, "code") << "]\n  " << text(result, "cure") << '\n';
}

/// SPEC LIC-6: each document, and the entries counted.
void print_documents(Context& context, const json& body) {
  std::size_t installed = 0, refused = 0;
  for (const auto& result : member(body, "documents")) {
    const bool taken = text(result, "result") == "installed";
    if (++(taken ? installed : refused) > kShown) continue;
    taken ? print_installed(context, result) : print_refused(context, result);
  }
  if (std::max(installed, refused) > kShown)
    context.out << "The first " << kShown << " of each are shown; --json shows all.\n";
  if (installed + refused > 1)
    context.out << installed << " documents installed (" << text(body, "succeeded") << " entries), "
                << refused << " refused (" << text(body, "failed") << " entries).\n";
}

/// SPEC LIC-10.
void print_nodes(Context& context, const json& answer, const char* has, const char* has_not) {
  for (const auto& node : member(answer, "nodes")) {
    const auto name = "Node " + text(node, "name") + ' ';
    if (flag(node, "has"))
      context.out << name << has << ".\n";
    else
      context.out << context.style.warn(name + has_not)
                  << "; it learns of it as soon as the link between the nodes is up.\n";
  }
}

/// Nothing was installed: of a package every document says why.
void report_refusal(Context& context, const Error& error, json problem) {
  const auto& documents = member(problem, "documents");
  if (!context.json && documents.size() > 1) {
    print_documents(context, problem);
    context.exit_code = kRefused;
    return;
  }
  if (!context.json || !documents.is_array()) return report(context, error);
  context.exit_code = kRefused;
  problem["error"] = {{"code", error.code}, {"message", error.message}, {"cure", error.cure}};
  for (const char* name : {"type", "title", "status", "detail", "code", "cure"})
    problem.erase(name);
  print_json(context, problem);
}

void install(Context& context, const std::string& file) {
  const auto upload = read_upload(file);
  if (!upload) return report(context, upload.error());
  json refusal;
  const auto answer =
      net::ApiClient(context.socket, kPatience).post("/v1/licenses", *upload, &refusal);
  if (!answer) return report_refusal(context, answer.error(), std::move(refusal));
  if (text(*answer, "failed") != "0") context.exit_code = kRefused;
  if (context.json) return print_json(context, *answer);
  print_documents(context, *answer);
  print_nodes(context, *answer, "has it", "has not got it yet");
}

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
  installing->callback([file, &context] { install(context, *file); });
  auto* deleting = verb->add_subcommand("delete", "Delete a module that came in a file");
  auto id = std::make_shared<std::string>();
  deleting->add_option("ID", *id, "as `license list` shows it")->required();
  deleting->callback([id, &context] { remove(context, *id); });
  verb->add_subcommand("list", "Every license: on the keys, kept by the agents, in use")
      ->callback([&context] { list(context); });
}

}  // namespace latchkey::cli
