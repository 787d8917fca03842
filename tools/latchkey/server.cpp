#include <chrono>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "tools/latchkey/context.h"
#include "tools/latchkey/install.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/password.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

void print_spread(Context& context, const json& answer) {
  print_nodes(context, answer, "knows of it", "does not know of it yet");
}

bool waits(const json& holder) {
  const auto left = text(holder, "recovering_s");
  return !left.empty() && left != "0";
}

void print_holder(Context& context, const json& holder) {
  const auto state = text(holder, "state");
  context.out << "Leases    ";
  if (state == "nobody")
    context.out << "kept by no node yet\n";
  else if (state == "in-doubt")
    context.out << "in doubt: the virtual address left this node, and the other node is silent\n";
  else
    context.out << "kept by "
                << (state == "this-node"           ? "this node"
                    : text(holder, "name").empty() ? "the other node"
                                                   : "node " + text(holder, "name"))
                << ", epoch " << text(holder, "epoch") << ", " << text(holder, "leases")
                << " held\n";
  if (waits(holder))
    context.out << "          nothing new is granted for " << text(holder, "recovering_s")
                << " s: waits for what was granted before\n";
  if (const auto& vip = member(holder, "vip"); vip.is_object())
    context.out << "Address   " << text(vip, "address")
                << (flag(vip, "here") ? " is on this node\n" : " is not on this node\n");
}

void show_json(Context& context, json server) {
  show_or_report(context, context.client().get("/v1/server/holder"), [&](const json& holder) {
    server["holder"] = holder;
    print_json(context, server);
  });
}

void show(Context& context) {
  show_or_report(context, context.client().get("/v1/server"), [&](const json& server) {
    if (context.json) return show_json(context, server);
    const auto address = text(server, "listening");
    if (address.empty())
      context.out << "Not listening: server.listen is not set in the agent's configuration.\n";
    else
      context.out << "Listening " << context.style.bold(address) << '\n';
    for (const auto& name : member(server, "names"))
      if (name.is_string()) context.out << "  for     " << name.get<std::string>() << '\n';
    if (flag(server, "own_certificate"))
      context.out << "Shows the configured certificate, not one of the deployment's CA.\n";
    context.out << "Version   " << text(server, "version") << '\n';
    context.out << "CA pin    " << text(server, "pin") << '\n';
    show_or_report(context, context.client().get("/v1/server/holder"),
                   [&](const json& holder) { print_holder(context, holder); });
  });
}

/// The other node, while it is linked, hands over just after the order; where it does not, the wait
/// is what is true.
Result<json> take_over_leases(Context& context, bool force) {
  const json order{{"force", force}};
  LK_TRY(auto holder, context.client().post("/v1/server/take-over", order.dump()));
  for (int looks = 20; looks > 0 && waits(holder); --looks) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    LK_TRY(holder, context.client().get("/v1/server/holder"));
  }
  return holder;
}

void take_over(Context& context, bool force) {
  show_or_report(context, take_over_leases(context, force), [&](const json& holder) {
    if (context.json) return print_json(context, holder);
    print_holder(context, holder);
  });
}

void print_ca(Context& context) {
  const auto page = context.client().get_text("/v1/server/ca");
  if (!page) return report(context, page.error());
  context.out << page->text;
}

/// `24h`, `30m`, `7d`; seconds.
Result<long> seconds_of(const std::string& text) {
  const std::pair<char, long> units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}};
  if (text.size() >= 2 && text.size() <= 7 &&
      text.find_first_not_of("0123456789") == text.size() - 1)
    for (const auto& [unit, seconds] : units)
      if (text.back() == unit) return std::stol(text) * seconds;
  return fail("bad-duration", text + " is no duration.", "Write for example 30m, 24h or 7d.");
}

struct TokenArguments {
  std::string role, name, life = "24h";
};

void create_token(Context& context, const TokenArguments& arguments) {
  const auto life = seconds_of(arguments.life);
  if (!life) return report(context, life.error());
  const json order{{"role", arguments.role}, {"name", arguments.name}, {"valid_s", *life}};
  show_or_report(context, context.client().post("/v1/server/tokens", order.dump()),
                 [&](const json& body) {
                   if (context.json) return print_json(context, body);
                   // The token alone on standard output, so that scripts can take it.
                   context.out << text(body, "token") << '\n';
                   context.err << "Good for one " << text(body, "role") << ", until "
                               << date(text(body, "expires")) << ".\n";
                 });
}

/// One line for each item: the members in columns.
void list(Context& context, const char* path, const char* what,
          std::initializer_list<std::pair<const char*, int>> columns) {
  show_or_report(context, context.client().get(path), [&](const json& body) {
    if (context.json) return print_json(context, body);
    if (member(body, what).empty()) context.out << "There are none.\n";
    for (const auto& item : member(body, what)) {
      for (const auto& [name, width] : columns)
        context.out << std::left << std::setw(width) << text(item, name) << ' ';
      context.out << '\n';
    }
  });
}

void revoke(Context& context, const std::string& id, const std::string& reason) {
  const auto body = reason.empty() ? std::string() : json{{"reason", reason}}.dump();
  show_or_report(context, context.client().remove("/v1/server/identities/" + escaped(id), body),
                 [&](const json& answer) {
                   if (context.json) return print_json(context, answer);
                   context.out << "Revoked " << id << ".\n";
                   print_spread(context, answer);
                 });
}

void set_account(Context& context, const std::string& name, const std::string& role) {
  const auto password = new_password();
  if (!password) return report(context, password.error());
  const json order{{"role", role}, {"password", *password}};
  show_or_report(context,
                 context.client().put("/v1/server/accounts/" + escaped(name), order.dump()),
                 [&](const json& answer) {
                   if (context.json) return print_json(context, answer);
                   context.out << "Account " << name << " is " << role << ".\n";
                   print_spread(context, answer);
                 });
}

void delete_account(Context& context, const std::string& name) {
  show_or_report(context, context.client().remove("/v1/server/accounts/" + escaped(name)),
                 [&](const json& answer) {
                   if (context.json) return print_json(context, answer);
                   context.out << "Deleted account " << name << ".\n";
                   print_spread(context, answer);
                 });
}

void add_tokens(CLI::App& server, Context& context) {
  auto* verb =
      server.add_subcommand("token", "One-time tokens to enrol with")->require_subcommand(1);
  auto* create = verb->add_subcommand("create", "Print a token that lets one in");
  auto arguments = std::make_shared<TokenArguments>();
  create->add_option("--role", arguments->role, "what it may do")
      ->check(CLI::IsMember({"viewer", "operator", "administrator", "consumer", "client-site"}))
      ->required();
  create->add_option("--name", arguments->name, "what it will be called")->required();
  create->add_option("--for", arguments->life, "how long it is good: 30m, 24h, 7d")
      ->capture_default_str();
  create->callback([arguments, &context] { create_token(context, *arguments); });
  verb->add_subcommand("list", "The tokens, used ones as well")->callback([&context] {
    list(context, "/v1/server/tokens", "tokens",
         {{"id", 16}, {"state", 8}, {"role", 13}, {"name", 24}, {"expires", 20}});
  });
}

void add_identities(CLI::App& server, Context& context) {
  auto* verb = server.add_subcommand("identity", "Who was enrolled")->require_subcommand(1);
  verb->add_subcommand("list", "Every identity, revoked ones as well")->callback([&context] {
    list(context, "/v1/server/identities", "identities",
         {{"id", 16}, {"state", 9}, {"role", 13}, {"name", 24}, {"enrolled", 20}});
  });
  auto* revoking = verb->add_subcommand("revoke", "Let it in no more, for good");
  auto id = std::make_shared<std::string>(), reason = std::make_shared<std::string>();
  revoking->add_option("ID", *id, "see `latchkey server identity list`")->required();
  revoking->add_option("--reason", *reason, "for the record");
  revoking->callback([id, reason, &context] { revoke(context, *id, *reason); });
}

void add_accounts(CLI::App& server, Context& context) {
  auto* verb =
      server.add_subcommand("account", "People who log in with a password")->require_subcommand(1);
  verb->add_subcommand("list", "Every account")->callback([&context] {
    list(context, "/v1/server/accounts", "accounts", {{"name", 24}, {"role", 13}, {"by", 16}});
  });
  auto* setting = verb->add_subcommand(
      "set", "Make an account or change it; asks for its password, or takes LATCHKEY_PASSWORD");
  auto name = std::make_shared<std::string>(), role = std::make_shared<std::string>();
  setting->add_option("NAME", *name)->required();
  setting->add_option("--role", *role, "what it may do")
      ->check(CLI::IsMember({"viewer", "operator", "administrator"}))
      ->required();
  setting->callback([name, role, &context] { set_account(context, *name, *role); });
  auto* deleting = verb->add_subcommand("delete", "Delete an account and end its sessions");
  auto gone = std::make_shared<std::string>();
  deleting->add_option("NAME", *gone)->required();
  deleting->callback([gone, &context] { delete_account(context, *gone); });
}

}  // namespace

void add_server(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("server", "The agent on the network, and who may come there");
  verb->require_subcommand(0, 1);
  verb->callback([verb, &context] {
    if (verb->get_subcommands().empty()) show(context);
  });
  verb->add_subcommand("show", "Where it listens, and the pin of its CA")->callback([&context] {
    show(context);
  });
  verb->add_subcommand("ca", "Print the CA's certificate, for curl --cacert")->callback([&context] {
    print_ca(context);
  });
  auto* taking =
      verb->add_subcommand("take-over", "Keep the leases on this node, not on the other one");
  auto force = std::make_shared<bool>(false);
  taking->add_flag("--force", *force, "although the other node does not answer: it is down");
  taking->callback([force, &context] { take_over(context, *force); });
  add_tokens(*verb, context);
  add_identities(*verb, context);
  add_accounts(*verb, context);
}

}  // namespace latchkey::cli
