#include "core/deployment/request_key.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::vector<std::string> names_of(const Factors& factors) {
  std::vector<std::string> out;
  for (const auto& [name, hash] : factors) out.push_back(name);
  return out;
}

/// SPEC REQ-1: says which nodes are covered.
void print_coverage(std::ostream& out, const RequestKey& request, const Style& style) {
  for (const auto& node : request.nodes) {
    const auto name = "Node " + printable(node.name);
    if (node.covered())
      out << name << " is covered, by " << listed(names_of(node.factors)) << ".\n";
    else
      out << style.warn(name + " is not covered")
          << ": nothing is known of its machine yet. Start its agent, wait until `latchkey peer` "
             "says that it is reachable, and repeat.\n";
    if (!node.unreadable.empty())
      out << "  Its agent may not read " << listed(node.unreadable)
          << "; docs/operations.md says how to let it.\n";
  }
}

json coverage(const RequestKey& request, const std::string& file) {
  auto nodes = json::array();
  for (const auto& node : request.nodes)
    nodes.push_back({{"node", node.node},
                     {"name", node.name},
                     {"covered", node.covered()},
                     {"factors", names_of(node.factors)},
                     {"unreadable", node.unreadable}});
  return {{"file", file}, {"deployment", request.deployment}, {"nodes", std::move(nodes)}};
}

Result<void> write_to(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out) return {};
  return fail("cannot-write", file + " cannot be written.",
              "Check the directory, its rights and the free space.");
}

/// The file goes to standard output, or to `file` and what it says there.
Result<void> deliver(Context& context, const std::string& envelope, const std::string& file) {
  LK_TRY(const auto request, verify_request_key(as_bytes(envelope)));
  if (file.empty()) {
    context.out << envelope;
    print_coverage(context.err, request, context.style);
    return {};
  }
  LK_CHECK(write_to(file, envelope));
  if (context.json)
    print_json(context, coverage(request, file));
  else
    print_coverage(context.out << "Wrote " << file << ".\n", request, context.style);
  return {};
}

void request_key(Context& context, const std::string& file) {
  show_or_report(context, context.client().get("/v1/request-key"), [&](const json& envelope) {
    const auto done = deliver(context, envelope.dump() + "\n", file);
    if (!done) report(context, done.error());
  });
}

}  // namespace

void add_request_key(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand(
      "request-key", "The file that describes this deployment, for ordering a file license");
  auto file = std::make_shared<std::string>();
  verb->add_option("-o,--output", *file, "write it there instead of to standard output")
      ->type_name("FILE");
  verb->callback([file, &context] { request_key(context, *file); });
}

}  // namespace latchkey::cli
