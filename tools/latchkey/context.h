#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/net/api_client.h"
#include "core/base/result.h"
#include "tools/latchkey/style.h"

namespace latchkey::cli {

/// What scripts may rely on; docs/cli.md says the same.
enum Exit : int {
  kOk = 0,
  kRefused = 1,      ///< refused or failed; the message says why
  kUsage = 2,        ///< the command line is wrong
  kUnreachable = 3,  ///< no agent answers
  kNotPermitted = 4,
  // `latchkey status` alone:
  kMissing = 10,
  kAbnormal = 11,
  kFault = 12,
  kNotUsable = 13,  ///< no license can be used, whatever the key's state
};

/// What every verb gets: the common options and where to print.
struct Context {
  std::string socket;
  bool json = false;
  Style style;
  std::ostream& out;
  std::ostream& err;
  int exit_code = kOk;

  net::ApiClient client() const { return net::ApiClient(socket); }
};

/// Prints the error with its cure (as a JSON object with --json) and sets the exit code that goes
/// with it.
void report(Context& context, const Error& error);

/// Runs `show` on the answer, or reports the error.
void show_or_report(Context& context, const Result<nlohmann::json>& answer,
                    const std::function<void(const nlohmann::json&)>& show);

void print_json(const Context& context, const nlohmann::json& value);

// One file per verb.
void add_status(CLI::App& app, Context& context);
void add_key(CLI::App& app, Context& context);
void add_license(CLI::App& app, Context& context);
void add_request_key(CLI::App& app, Context& context);
void add_trust(CLI::App& app, Context& context);
void add_time(CLI::App& app, Context& context);
void add_pool(CLI::App& app, Context& context);
void add_consumer(CLI::App& app, Context& context);
void add_alert(CLI::App& app, Context& context);
void add_authorize(CLI::App& app, Context& context);
void add_server(CLI::App& app, Context& context);
void add_upstream(CLI::App& app, Context& context);
void add_peer(CLI::App& app, Context& context);
void add_record(CLI::App& app, Context& context);
void add_watch(CLI::App& app, Context& context);
void add_connect(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);

/// Every verb and option on `app`, whose name is given. `context` must outlive the parsing.
void describe(CLI::App& app, Context& context);

/// The whole program; everything but the process around it.
int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err, bool colour);

}  // namespace latchkey::cli
