#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

struct ListOptions {
  std::string kind;
  std::string node;
  std::uint64_t limit = 50;
  std::uint64_t before = 0;
};

std::string target_of(const ListOptions& options) {
  std::string target = "/v1/records?limit=" + std::to_string(options.limit);
  if (options.before != 0) target += "&before=" + std::to_string(options.before);
  if (!options.kind.empty()) target += "&kind=" + escaped(options.kind);
  if (!options.node.empty()) target += "&node=" + escaped(options.node);
  return target;
}

void print_record(std::ostream& out, const json& record) {
  out << text(record, "at") << "  " << text(record, "node_name") << "  " << text(record, "kind")
      << "  " << text(record, "text") << '\n';
}

void list(Context& context, const ListOptions& options) {
  show_or_report(context, context.client().get(target_of(options)), [&](const json& page) {
    if (context.json) return print_json(context, page);
    for (const auto& record : member(page, "records")) print_record(context.out, record);
    const auto next = text(page, "next");
    if (!next.empty() && next != "0") context.err << "Older ones: --before " << next << '\n';
  });
}

void verify(Context& context) {
  show_or_report(context, context.client().get("/v1/records/verify"), [&](const json& body) {
    if (context.json) return print_json(context, body);
    context.out << "Every record is there and unaltered";
    if (!text(body, "facts").empty()) context.out << " (" << text(body, "facts") << " records)";
    context.out << ".\n";
  });
}

}  // namespace

void add_record(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("record", "What happened, when and where")->require_subcommand(1);
  auto options = std::make_shared<ListOptions>();
  auto* listing = verb->add_subcommand("list", "List the records, newest first");
  listing->add_option("--kind", options->kind, "only this kind, such as key-read");
  listing->add_option("--node", options->node, "only this node (its id)");
  listing->add_option("--limit", options->limit, "at most so many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  listing->add_option("--before", options->before, "only those before this position");
  listing->callback([options, &context] { list(context, *options); });
  verb->add_subcommand("verify", "Check that no record was altered or is missing")
      ->callback([&context] { verify(context); });
}

}  // namespace latchkey::cli
