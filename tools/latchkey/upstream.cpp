#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey-client/credentials.h"
#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

void print_pools(Context& context, const json& upstream) {
  for (const auto& pool : member(upstream, "pools"))
    context.out << "Pool      " << text(pool, "object") << ' ' << text(pool, "unit") << ": "
                << text(pool, "held") << " held, licensed until " << date(text(pool, "until"))
                << '\n';
}

void print_problem(Context& context, const json& upstream) {
  const auto& problem = member(upstream, "problem");
  if (!problem.is_object()) return;
  context.out << "Problem   " << printable(text(problem, "message")) << " ["
              << text(problem, "code") << "]\n";
  if (const auto cure = text(problem, "cure"); !cure.empty())
    context.out << "To do     " << printable(cure) << '\n';
}

void print(Context& context, const json& upstream) {
  if (context.json) return print_json(context, upstream);
  const auto state = text(upstream, "state");
  if (state == "none") {
    context.out << "No upstream: this deployment lives on licenses of its own.\n";
    return;
  }
  context.out << "Upstream  " << context.style.bold(state) << '\n';
  for (const auto& server : member(upstream, "servers"))
    if (server.is_string()) context.out << "Server    " << server.get<std::string>() << '\n';
  context.out << "Identity  " << text(upstream, "identity") << " there, deployment "
              << text(upstream, "deployment").substr(0, 16) << '\n';
  print_pools(context, upstream);
  if (state != "connected")
    context.out << (state == "lost" ? "Counted   until " : "Counts    until ")
                << date(text(upstream, "good_until")) << ", since nobody answers\n";
  print_problem(context, upstream);
  if (!flag(upstream, "draws_here")) context.out << "The other node draws for this deployment.\n";
}

struct Arguments {
  std::vector<std::string> servers;
  std::string token, ca_file;
};

Result<json> connect(Context& context, const Arguments& arguments) {
  json order{{"token", arguments.token}, {"servers", json::array()}};
  for (const auto& server : arguments.servers) order["servers"].push_back({{"address", server}});
  if (!arguments.ca_file.empty()) {
    LK_TRY(order["ca"], client::read_small_file(arguments.ca_file));
  }
  return context.client().post("/v1/upstream", order.dump());
}

void add_connect_verb(CLI::App& upstream, Context& context) {
  auto* verb = upstream.add_subcommand("connect", "Draw capacity from another license server");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("SERVER", arguments->servers,
                   "https://HOST:8201 of the virtual address, then of the nodes")
      ->required();
  verb->add_option("--token", arguments->token,
                   "of `latchkey server token create --role client-site`, or in")
      ->envname("LATCHKEY_TOKEN")
      ->required();
  verb->add_option("--ca", arguments->ca_file,
                   "the CA's certificate of servers that have one of their own");
  verb->callback([arguments, &context] {
    show_or_report(context, connect(context, *arguments),
                   [&](const json& answer) { print(context, answer); });
  });
}

}  // namespace

void add_upstream(CLI::App& app, Context& context) {
  auto* upstream = app.add_subcommand(
      "upstream", "The license server that this deployment draws capacity from, as a client site");
  upstream->require_subcommand(0, 1);
  const auto show = [&context] {
    show_or_report(context, context.client().get("/v1/upstream"),
                   [&](const json& answer) { print(context, answer); });
  };
  upstream->add_subcommand("show", "What is held of it, and whether it answers")->callback(show);
  upstream->callback([upstream, show] {
    if (upstream->get_subcommands().empty()) show();
  });
  add_connect_verb(*upstream, context);
  upstream->add_subcommand("disconnect", "Give everything back and leave it")->callback([&context] {
    show_or_report(context, context.client().remove("/v1/upstream"), [&](const json& answer) {
      if (context.json) return print_json(context, answer);
      context.out << "Disconnected; what was drawn has been given back.\n";
    });
  });
}

}  // namespace latchkey::cli
