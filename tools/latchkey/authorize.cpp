#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

struct Question {
  std::string operation;
  std::string object;
};

void authorize(Context& context, const Question& question) {
  json body{{"operation", question.operation}};
  if (!question.object.empty()) body["object"] = question.object;
  const auto show = [&](const json& answer) {
    if (!flag(answer, "allowed")) context.exit_code = kRefused;
    if (context.json) return print_json(context, answer);
    if (flag(answer, "allowed"))
      context.out << context.style.good("allowed") << '\n';
    else
      context.out << context.style.bad("denied") << ": " << text(answer, "message") << " ["
                  << text(answer, "code") << "]\n  " << text(answer, "cure") << '\n';
  };
  show_or_report(context, context.client().post("/v1/authorize", body.dump()), show);
}

}  // namespace

void add_authorize(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("authorize", "Ask whether an operation is allowed now");
  auto question = std::make_shared<Question>();
  verb->add_option("OPERATION", question->operation, "what is to be done")
      ->check(CLI::IsMember({"view", "login", "reduce", "license", "create", "other"}))
      ->required();
  verb->add_option("--object", question->object, "the license object that it is about, e.g. kvm");
  verb->footer("Exit code: 0 allowed, 1 denied.");
  verb->callback([question, &context] { authorize(context, *question); });
}

}  // namespace latchkey::cli
