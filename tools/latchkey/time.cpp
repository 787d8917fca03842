#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/install.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/upload_file.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

void repair(Context& context, const std::string& file) {
  const auto document = read_upload(file);
  if (!document) return report(context, document.error());
  show_or_report(context, context.client().post("/v1/time", *document), [&](const json& answer) {
    if (context.json) return print_json(context, answer);
    context.out << context.style.good("Repaired: ") << "license time is "
                << date(text(answer, "license_time")) << ".\n";
    print_nodes(context, answer, "has it", "has not got it yet");
  });
}

}  // namespace

void add_time(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("time", "License time, when a wrong clock has spoiled it");
  verb->require_subcommand(1);
  auto* repairing = verb->add_subcommand("repair", "Install the time repair that the vendor sent");
  auto file = std::make_shared<std::string>();
  repairing->add_option("FILE", *file, "the document; - for standard input")->required();
  repairing->callback([file, &context] { repair(context, *file); });
}

}  // namespace latchkey::cli
