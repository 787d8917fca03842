#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "latchkey_version.h"
#include "tools/latchkey/context.h"
#include "tools/terminal/usage.h"

namespace latchkey::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no agent answers, 4 not permitted;\n"
    "`latchkey status` also 10 Missing, 11 Abnormal, 12 Fault, 13 no license can be used.";

void add_common(CLI::App& app, Context& context) {
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", kVersion);
  app.set_help_all_flag("--help-all", "Help of every command");
  app.add_option("--socket", context.socket, "The agent's socket")
      ->envname("LATCHKEY_SOCKET")
      ->default_val("/run/latchkey/agent.sock");
  app.add_flag("--json", context.json, "Print JSON for programs");
  app.footer(kFooter);
}

}  // namespace

void describe(CLI::App& app, Context& context) {
  app.description("Latchkey: USB-key licensing on this machine");
  add_common(app, context);
  add_status(app, context);
  add_key(app, context);
  add_license(app, context);
  add_request_key(app, context);
  add_trust(app, context);
  add_time(app, context);
  add_pool(app, context);
  add_consumer(app, context);
  add_alert(app, context);
  add_authorize(app, context);
  add_server(app, context);
  add_upstream(app, context);
  add_peer(app, context);
  add_record(app, context);
  add_watch(app, context);
  add_connect(app, context);
  add_doctor(app, context);
}

int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err, bool colour) {
  CLI::App app("", "latchkey");
  Context context{.socket = {}, .style = {colour}, .out = out, .err = err};
  describe(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, out, err);  // help, version
    context.json = app.count("--json") > 0;
    report(context, usage_error(app, error));
  }
  if (!out.flush())
    report(context, {"cannot-write", "Not all of the answer could be written.",
                     "Check the free space where it goes."});
  return context.exit_code;
}

}  // namespace latchkey::cli
