#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/pool_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

std::string entry_text(const json& entry) {
  const auto source = text(entry, "source"), key = text(entry, "key");
  return text(entry, "quantity") + " " + text(entry, "unit_name") + " of license " +
         text(entry, "license") + " (" +
         (key.empty() || source == "file" ? source : source + " " + key) + ")";
}

bool in_pool(const json& entry, const json& pool) {
  return text(entry, "object") == text(pool, "object") && text(entry, "unit") == text(pool, "unit");
}

void print_pool(Context& context, const json& pool, const json& answer) {
  context.out << context.style.bold(text(pool, "object_name")) << "  "
              << pool_text(pool, context.style) << '\n';
  for (const auto& entry : member(answer, "entries"))
    if (flag(entry, "counts") && in_pool(entry, pool))
      context.out << "  " << entry_text(entry) << ", ends "
                  << countdown(text(entry, "ends"), text(answer, "time")) << '\n';
}

/// SPEC LIC-9: what is here and does not count, with the reason.
void print_idle(Context& context, const json& answer) {
  bool first = true;
  for (const auto& entry : member(answer, "entries")) {
    if (flag(entry, "counts")) continue;
    if (std::exchange(first, false)) context.out << "Not counted:\n";
    context.out << "  " << text(entry, "object_name") << ", " << entry_text(entry) << ", "
                << date(text(entry, "not_before")) << " to " << date(text(entry, "ends")) << ": "
                << context.style.warn(text(entry, "status")) << ", " << text(entry, "why")
                << (text(entry, "detail").empty() ? "" : " (" + text(entry, "detail") + ")")
                << '\n';
  }
}

void pools(Context& context) {
  show_or_report(context, context.client().get("/v1/pools"), [&](const json& body) {
    if (context.json) return print_json(context, body);
    if (!flag(body, "usable"))
      context.out << context.style.bad("No base license counts now.") << '\n';
    for (const auto& pool : member(body, "pools")) print_pool(context, pool, body);
    print_idle(context, body);
  });
}

}  // namespace

void add_pool(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("pool", "What is licensed, what is used, what is left");
  verb->callback([&context] { pools(context); });
}

}  // namespace latchkey::cli
