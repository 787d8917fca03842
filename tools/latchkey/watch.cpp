#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/status_text.h"

namespace latchkey::cli {
namespace {

/// Prints one line per change that a person would see; with --json every status the agent sends.
void watch(Context& context) {
  std::string shown;
  const auto take = [&](std::string_view event, std::string_view data) {
    if (event != "status") return true;
    const auto status = nlohmann::json::parse(data, nullptr, false);
    if (status.is_discarded()) return true;
    if (context.json) {
      context.out << data << std::endl;
      return context.out.good();
    }
    const auto summary = change_text(status, context.style);
    if (summary != shown) context.out << status_line(status, context.style) << std::endl;
    shown = summary;
    return context.out.good();
  };
  if (const auto ended = context.client().watch("/v1/events", take); !ended)
    report(context, ended.error());
}

}  // namespace

void add_watch(CLI::App& app, Context& context) {
  app.add_subcommand("watch", "Print each change as it happens, until interrupted")
      ->callback([&context] { watch(context); });
}

}  // namespace latchkey::cli
