#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxPage = 1000;

/// Which records; what is empty is not asked for.
struct Filter {
  std::string kind, node, who, result, text, since, until;
  std::uint64_t before = 0;
};
struct ListOptions : Filter {
  std::uint64_t limit = 50;
};
struct ExportOptions : Filter {
  std::string format = "csv";
};

/// A page's cursor; 0 for none.
std::uint64_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

constexpr const char* kRecords = "/v1/records";
constexpr const char* kLicenseRecords = "/v1/records/licenses";

std::string target_of(const std::string& path, const Filter& filter, std::uint64_t limit) {
  std::string target = path + "?limit=" + std::to_string(std::min(limit, kMaxPage));
  if (filter.before != 0) target += "&before=" + std::to_string(filter.before);
  const std::pair<const char*, const std::string*> parameters[] = {
      {"kind", &filter.kind},     {"node", &filter.node}, {"who", &filter.who},
      {"result", &filter.result}, {"text", &filter.text}, {"since", &filter.since},
      {"until", &filter.until}};
  for (const auto& [name, value] : parameters)
    if (!value->empty()) target.append("&").append(name).append("=").append(escaped(*value));
  return target;
}

void print_record(std::ostream& out, const json& record) {
  out << text(record, "at") << "  " << text(record, "node_name") << "  " << text(record, "kind")
      << "  " << text(record, "text") << '\n';
}

/// A page may end early, where the agent had looked at enough: then the next one follows.
Result<json> read_records(Context& context, const char* path, Filter filter, std::uint64_t limit) {
  json all = json::array();
  for (;;) {
    LK_TRY(const auto page, context.client().get(target_of(path, filter, limit - all.size())));
    for (const auto& record : member(page, "records")) all.push_back(record);
    const auto next = number(text(page, "next"));
    if (next == 0 || next == filter.before || all.size() >= limit)
      return json{{"records", std::move(all)}, {"next", next}};
    filter.before = next;
  }
}

void list(Context& context, const ListOptions& options) {
  show_or_report(context, read_records(context, kRecords, options, options.limit),
                 [&](const json& page) {
                   if (context.json) return print_json(context, page);
                   for (const auto& record : member(page, "records"))
                     print_record(context.out, record);
                   if (member(page, "records").empty()) context.err << "No record fits.\n";
                   const auto next = text(page, "next");
                   if (!next.empty() && next != "0")
                     context.err << "Older ones: --before " << next << '\n';
                 });
}

void export_json(Context& context, const char* path, const Filter& filter) {
  show_or_report(context,
                 read_records(context, path, filter, std::numeric_limits<std::uint64_t>::max()),
                 [&](const json& page) { print_json(context, member(page, "records")); });
}

/// Page by page; only the first one brings the headings.
void export_csv(Context& context, const char* path, Filter filter) {
  for (bool first = true;; first = false) {
    const auto page = context.client().get_text(target_of(path, filter, kMaxPage) + "&format=csv");
    if (!page) return report(context, page.error());
    const auto headings = page->text.find("\r\n");
    const auto from = first || headings == std::string::npos ? 0 : headings + 2;
    context.out << std::string_view(page->text).substr(from);
    const auto next = number(page->next);
    if (next == 0 || next == filter.before) return;
    filter.before = next;
  }
}

void export_records(Context& context, const char* path, const ExportOptions& options) {
  if (context.json || options.format == "json") return export_json(context, path, options);
  export_csv(context, path, options);
}

std::string license_line(const json& row) {
  const auto by = text(row, "by");
  return text(row, "at") + "  " + text(row, "license") + "  " + text(row, "object_name") + " (" +
         text(row, "kind") + "), " + text(row, "quantity") + " " + text(row, "unit") + ", " +
         date(text(row, "not_before")) + " to " + date(text(row, "not_after")) + "  " +
         text(row, "status") + "  " + text(row, "method") + (by.empty() ? "" : " by " + by) +
         " on " + text(row, "node_name");
}

void list_licenses(Context& context, const ExportOptions& options) {
  if (context.json || options.format != "text")
    return export_records(context, kLicenseRecords, options);
  show_or_report(
      context,
      read_records(context, kLicenseRecords, options, std::numeric_limits<std::uint64_t>::max()),
      [&](const json& page) {
        for (const auto& row : member(page, "records")) context.out << license_line(row) << '\n';
      });
}

void verify(Context& context) {
  show_or_report(context, context.client().get("/v1/records/verify"), [&](const json& body) {
    if (context.json) return print_json(context, body);
    context.out << "Every record is there and unaltered";
    if (!text(body, "facts").empty()) context.out << " (" << text(body, "facts") << " records)";
    context.out << ".\n";
    for (const auto& chain : member(body, "chains"))
      context.out << "  " << text(chain, "node_name") << "  " << text(chain, "facts")
                  << " records in chain " << text(chain, "chain") << '\n';
    if (body.contains("lease_rows"))
      context.out << "The journal of leases is sound (" << text(body, "lease_rows") << " rows).\n";
  });
}

void add_filter(CLI::App& verb, Filter& filter) {
  verb.add_option("--node", filter.node, "only this node (its id)");
  verb.add_option("--who", filter.who, "only what this person did");
  verb.add_option("--text", filter.text, "only those whose text contains this");
  verb.add_option("--since", filter.since, "from then on: 2026-01-31 or 2026-01-31T08:00:00Z");
  verb.add_option("--until", filter.until, "before then");
  verb.add_option("--before", filter.before, "only those before this position");
}

void add_outcome(CLI::App& verb, Filter& filter) {
  verb.add_option("--kind", filter.kind, "only this kind, such as key-read");
  verb.add_option("--result", filter.result, "only what ended so")
      ->check(CLI::IsMember({"done", "refused", "failed", "warning"}));
}

void add_licenses(CLI::App& verb, Context& context) {
  auto options = std::make_shared<ExportOptions>();
  options->format = "text";
  auto* listing = verb.add_subcommand("licenses", "Every entry of every license that ever came");
  add_filter(*listing, *options);
  listing->add_option("--kind", options->kind, "base or module")
      ->check(CLI::IsMember({"base", "module"}));
  listing->add_option("--status", options->result, "only what is valid, expired, …");
  listing->add_option("--format", options->format, "text, csv (RFC 4180) or json")
      ->check(CLI::IsMember({"text", "csv", "json"}))
      ->capture_default_str();
  listing->callback([options, &context] { list_licenses(context, *options); });
}

}  // namespace

void add_record(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("record", "What happened, when and where")->require_subcommand(1);
  auto options = std::make_shared<ListOptions>();
  auto* listing = verb->add_subcommand("list", "List the records, newest first");
  add_filter(*listing, *options);
  add_outcome(*listing, *options);
  listing->add_option("--limit", options->limit, "at most so many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  listing->callback([options, &context] { list(context, *options); });
  auto exported = std::make_shared<ExportOptions>();
  auto* exporting = verb->add_subcommand("export", "All of them for a spreadsheet or a program");
  add_filter(*exporting, *exported);
  add_outcome(*exporting, *exported);
  exporting->add_option("--format", exported->format, "csv (RFC 4180) or json")
      ->check(CLI::IsMember({"csv", "json"}))
      ->capture_default_str();
  exporting->callback([exported, &context] { export_records(context, kRecords, *exported); });
  add_licenses(*verb, context);
  verb->add_subcommand("verify", "Check that no record, and no lease, was altered or is missing")
      ->callback([&context] { verify(context); });
}

}  // namespace latchkey::cli
