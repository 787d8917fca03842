#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/alert_text.h"
#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

void alerts(Context& context) {
  show_or_report(context, context.client().get("/v1/alerts"), [&](const json& body) {
    if (context.json) return print_json(context, body);
    const auto& alerts = member(body, "alerts");
    for (const auto& alert : alerts)
      context.out << alert_text(alert, text(body, "time"), context.style) << "\n  since "
                  << date(text(alert, "since")) << ". " << text(alert, "cure") << '\n';
    if (alerts.empty()) context.out << "No alert stands.\n";
  });
}

}  // namespace

void add_alert(CLI::App& app, Context& context) {
  app.add_subcommand("alert", "What somebody has to know or do, most severe first")
      ->callback([&context] { alerts(context); });
}

}  // namespace latchkey::cli
