#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/status_text.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

/// The key in use; else, for ordering a license, the only one plugged in.
Result<std::string> the_key_id(const json& status) {
  if (const auto in_use = text(status, "key"); !in_use.empty()) return in_use;
  std::set<std::string> ids;
  for (const auto& key : member(status, "keys"))
    if (!text(key, "key").empty()) ids.insert(text(key, "key"));
  if (ids.size() == 1) return *ids.begin();
  if (ids.empty())
    return fail("no-key", "No key with a readable key ID is plugged in.",
                "Insert the key, then run `latchkey key show`.");
  return fail("several-keys", "Several keys are plugged in and none of them is in use.",
              "Run `latchkey key show` for all their IDs.");
}

void id(Context& context) {
  show_or_report(context, context.client().get("/v1/status"), [&](const json& status) {
    const auto key = the_key_id(status);
    if (!key) return report(context, key.error());
    if (context.json) return print_json(context, {{"key", *key}});
    context.out << *key << '\n';  // SPEC REQ-3: alone on one line
  });
}

void show(Context& context) {
  show_or_report(context, context.client().get(context.json ? "/v1/key" : "/v1/status"),
                 [&](const json& body) {
                   if (context.json) return print_json(context, body);
                   context.out << keys_text(body, context.style) << forecast_text(body) << '\n';
                 });
}

void refresh(Context& context) {
  show_or_report(context, context.client().post("/v1/key/refresh"), [&](const json& body) {
    if (context.json) return print_json(context, body);
    context.out << "The keys are being read again; `latchkey watch` shows the outcome.\n";
  });
}

void forecast(Context& context) {
  show_or_report(context, context.client().get("/v1/status"), [&](const json& status) {
    if (context.json)
      return print_json(context, {{"key", member(status, "key")},
                                  {"time", member(status, "time")},
                                  {"if_removed_now", member(status, "if_removed_now")}});
    context.out << forecast_text(status) << '\n';
  });
}

}  // namespace

void add_key(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("key", "The USB keys")->require_subcommand(1);
  verb->add_subcommand("id", "Print the key ID, alone on one line, for ordering a license")
      ->callback([&context] { id(context); });
  verb->add_subcommand("show", "Every key plugged in, on every node, with what is wrong with it")
      ->callback([&context] { show(context); });
  verb->add_subcommand("refresh", "Read the keys again")->callback([&context] {
    refresh(context);
  });
  verb->add_subcommand("forecast", "What would happen if the key in use were removed now")
      ->callback([&context] { forecast(context); });
}

}  // namespace latchkey::cli
