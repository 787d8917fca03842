#include "tools/latchkey/install.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>

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

void print_bundle(Context& context, const std::string& version, bool in_force) {
  if (in_force)
    context.out << "Trust bundle version " << version << " is in force already.\n";
  else
    context.out << context.style.good("Installed") << " trust bundle version " << version
                << "; it is in force.\n";
}

void print_installed(Context& context, const json& result) {
  if (const auto version = text(result, "trust_version"); !version.empty())
    return print_bundle(context, version, text(result, "result") == "in-force");
  if (const auto repair = text(result, "time_repair"); !repair.empty()) {
    context.out << context.style.good("Used") << " time repair " << repair
                << "; license time is right.\n";
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

std::string entry_text(const json& entry) {
  const auto status = text(entry, "status");
  return text(entry, "object_name") + " (" + text(entry, "kind") + "), " + text(entry, "quantity") +
         " " + text(entry, "unit_name") + ", " + date(text(entry, "not_before")) + " to " +
         date(text(entry, "not_after")) + (status == "valid" ? "" : ", " + status) +
         (flag(entry, "known") ? "" : ", not in the catalogue");
}

/// SPEC LIC-6: each document, and the entries counted.
void print_documents(Context& context, const json& body) {
  std::size_t installed = 0, refused = 0;
  for (const auto& result : member(body, "documents")) {
    const bool taken = text(result, "result") != "refused";
    if (++(taken ? installed : refused) > kShown) continue;
    taken ? print_installed(context, result) : print_refused(context, result);
  }
  if (std::max(installed, refused) > kShown)
    context.out << "The first " << kShown << " of each are shown; --json shows all.\n";
  if (installed + refused > 1)
    context.out << installed << " documents installed (" << text(body, "succeeded") << " entries), "
                << refused << " refused (" << text(body, "failed") << " entries).\n";
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

}  // namespace

void print_entries(std::ostream& out, const json& license) {
  for (const auto& entry : member(license, "entries")) out << "  " << entry_text(entry) << '\n';
}

std::string bound_to(const json& license) {
  const auto key = text(license, "key");
  return key.empty() ? "this deployment" : "key " + key;
}

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

void install_file(Context& context, const std::string& file, const std::string& path) {
  const auto upload = read_upload(file);
  if (!upload) return report(context, upload.error());
  json refusal;
  const auto answer = net::ApiClient(context.socket, kPatience).post(path, *upload, &refusal);
  if (!answer) return report_refusal(context, answer.error(), std::move(refusal));
  if (text(*answer, "failed") != "0") context.exit_code = kRefused;
  if (context.json) return print_json(context, *answer);
  print_documents(context, *answer);
  print_nodes(context, *answer, "has it", "has not got it yet");
}

}  // namespace latchkey::cli
