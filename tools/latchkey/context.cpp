#include "tools/latchkey/context.h"

#include <nlohmann/json.hpp>
#include <ostream>

namespace latchkey::cli {
namespace {

int exit_code_of(const Error& error) {
  if (error.code == "agent-unreachable" || error.code == "server-unreachable") return kUnreachable;
  if (error.code == "usage") return kUsage;
  return error.code == "not-permitted" ? kNotPermitted : kRefused;
}

}  // namespace

void report(Context& context, const Error& error) {
  context.exit_code = exit_code_of(error);
  if (context.json) {
    print_json(
        context,
        {{"error", {{"code", error.code}, {"message", error.message}, {"cure", error.cure}}}});
    return;
  }
  context.err << "latchkey: " << printable(error.message) << " [" << printable(error.code) << "]\n";
  if (!error.cure.empty()) context.err << "  " << printable(error.cure) << '\n';
}

void show_or_report(Context& context, const Result<nlohmann::json>& answer,
                    const std::function<void(const nlohmann::json&)>& show) {
  if (!answer) return report(context, answer.error());
  show(*answer);
}

void print_json(const Context& context, const nlohmann::json& value) {
  context.out << value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace latchkey::cli
