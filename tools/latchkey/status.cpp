#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/status_text.h"

namespace latchkey::cli {
namespace {

void status(Context& context) {
  show_or_report(context, context.client().get("/v1/status"), [&](const nlohmann::json& body) {
    context.exit_code = status_exit_code(body);
    if (context.json) return print_json(context, body);
    context.out << status_text(body, context.style);
  });
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("status", "State of the USB key, the license and the buffer");
  verb->footer(
      "Exit code: 0 Ready, 10 Missing, 11 Abnormal, 12 Fault; 13 when no license can be used.");
  verb->callback([&context] { status(context); });
}

}  // namespace latchkey::cli
