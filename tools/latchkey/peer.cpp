#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/status_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

/// Why the link is not up, as this node last saw it.
void print_link_error(Context& context) {
  const auto peer = context.client().get("/v1/peer");
  if (!peer || text(*peer, "link") == "up") return;
  const auto& error = member(*peer, "last_error");
  if (!error.is_object()) return;
  context.out << "Link      " << text(error, "message") << " [" << text(error, "code")
              << "]\n          " << text(error, "cure") << '\n';
}

void show(Context& context) {
  show_or_report(context, context.client().get(context.json ? "/v1/peer" : "/v1/status"),
                 [&](const json& body) {
                   if (context.json) return print_json(context, body);
                   context.out << nodes_text(body, context.style);
                   print_link_error(context);
                   if (text(body, "peer") == "none")
                     context.out << "Not paired. `latchkey peer invite` here, then `latchkey peer "
                                    "join TOKEN` on the other node.\n";
                 });
}

/// An invitation of a paired node is how a lost one is replaced, and looks like the first one.
void warn_of_replacement(Context& context) {
  const auto peer = context.client().get("/v1/peer");
  if (!peer || text(*peer, "node").empty()) return;
  context.err << "This node is paired with " << text(*peer, "name")
              << ": who joins takes its place, for good.\n";
}

void invite(Context& context) {
  show_or_report(context, context.client().post("/v1/peer/invite"), [&](const json& body) {
    if (context.json) return print_json(context, body);
    // The token alone on standard output, so that scripts can take it.
    context.out << text(body, "token") << '\n';
    context.err << "Valid once, until " << date(text(body, "expires"))
                << ". On the other node: latchkey peer join TOKEN\n";
    warn_of_replacement(context);
  });
}

void join(Context& context, const std::string& token) {
  const json request{{"token", token}};
  show_or_report(context, context.client().post("/v1/peer/join", request.dump()),
                 [&](const json& body) {
                   if (context.json) return print_json(context, body);
                   context.out << "Paired. `latchkey peer` shows both nodes.\n";
                 });
}

}  // namespace

void add_peer(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("peer", "The other management node");
  verb->require_subcommand(0, 1);
  verb->callback([verb, &context] {
    if (verb->get_subcommands().empty()) show(context);
  });
  verb->add_subcommand("show", "Both nodes and the link between them")->callback([&context] {
    show(context);
  });
  verb->add_subcommand("invite", "Print a one-time token for the other node")->callback([&context] {
    invite(context);
  });
  auto* joining = verb->add_subcommand("join", "Pair this node with the one that printed TOKEN");
  auto token = std::make_shared<std::string>();
  joining->add_option("TOKEN", *token, "what `latchkey peer invite` printed")->required();
  joining->callback([token, &context] { join(context, *token); });
}

}  // namespace latchkey::cli
