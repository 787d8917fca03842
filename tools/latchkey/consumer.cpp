#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "tools/latchkey/context.h"
#include "tools/latchkey/json_text.h"
#include "tools/latchkey/when.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

std::string target(const std::string& consumer, const char* what = "") {
  return "/v1/consumers/" + escaped(consumer) + what;
}

/// `4 kvm by cpu-socket, 1 backup by cpu-socket`.
std::string quantities(const json& list) {
  std::string out;
  for (const auto& item : list)
    out += (out.empty() ? "" : ", ") + text(item, "quantity") + " " + text(item, "object") +
           " by " + text(item, "unit");
  return out.empty() ? "nothing" : out;
}

void print_consumer(Context& context, const json& consumer) {
  context.out << context.style.bold(text(consumer, "consumer")) << "  "
              << quantities(member(consumer, "usage")) << "; of " << text(consumer, "owner")
              << ", until " << date(text(consumer, "expires")) << " without a heartbeat\n";
}

/// Page by page: there may be a million.
void list(Context& context) {
  const auto client = context.client();
  json all = json::array();
  std::string after = "0";
  do {
    const auto page = client.get("/v1/consumers?limit=1000&after=" + after);
    if (!page) return report(context, page.error());
    for (const auto& consumer : member(*page, "consumers"))
      context.json ? all.push_back(consumer) : print_consumer(context, consumer);
    after = text(*page, "next");
  } while (after != "0" && !after.empty());
  if (context.json) print_json(context, {{"consumers", std::move(all)}});
}

void print_terms(Context& context, const json& terms) {
  const std::pair<const char*, const char*> lines[] = {
      {"reserve", "Reserved for it"}, {"cap", "At most"}, {"low_water", "Low-water marks"}};
  for (const auto& [name, label] : lines)
    if (const auto& list = member(terms, name); !list.empty())
      context.out << "  " << label << ": " << quantities(list) << '\n';
}

void show(Context& context, const std::string& consumer) {
  show_or_report(context, context.client().get(target(consumer)), [&](const json& body) {
    if (context.json) return print_json(context, body);
    if (flag(body, "connected"))
      print_consumer(context, body);
    else
      context.out << context.style.bold(text(body, "consumer")) << "  not connected\n";
    print_terms(context, member(body, "terms"));
  });
}

void release(Context& context, const std::string& consumer, const std::string& reason) {
  json body = json::object();
  if (!reason.empty()) body["reason"] = reason;
  show_or_report(context, context.client().post(target(consumer, "/release"), body.dump()),
                 [&](const json& answer) {
                   if (context.json) return print_json(context, answer);
                   context.out << "Released: " << quantities(member(answer, "released")) << ".\n";
                 });
}

/// `kvm:cpu-socket:4`.
std::optional<json> quantity_in(const std::string& text) {
  const auto unit = text.find(':'), number = text.rfind(':');
  if (unit == std::string::npos || unit == number) return std::nullopt;
  std::uint64_t quantity = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + number + 1, end, quantity);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return json{{"object", text.substr(0, unit)},
              {"unit", text.substr(unit + 1, number - unit - 1)},
              {"quantity", quantity}};
}

struct Terms {
  std::string consumer;
  std::vector<std::string> reserve, cap, low_water;
  bool clear = false;
};

std::string check_quantity(const std::string& text) {
  return quantity_in(text) ? "" : text + " is not OBJECT:UNIT:QUANTITY";
}

void set_terms(Context& context, const Terms& terms) {
  json body = json::object();
  const auto add = [&body](const char* name, const std::vector<std::string>& list) {
    for (const auto& item : list) body[name].push_back(*quantity_in(item));
  };
  add("reserve", terms.reserve);
  add("cap", terms.cap);
  add("low_water", terms.low_water);
  if (body.empty() && !terms.clear) return show(context, terms.consumer);
  const auto client = context.client();
  const auto where = target(terms.consumer, "/terms");
  show_or_report(context, terms.clear ? client.remove(where) : client.put(where, body.dump()),
                 [&](const json& answer) {
                   if (context.json) return print_json(context, answer);
                   context.out << (terms.clear ? "Its terms are gone.\n" : "Its terms are set.\n");
                   print_terms(context, member(answer, "terms"));
                 });
}

void add_terms(CLI::App& verb, Context& context) {
  auto* setting = verb.add_subcommand(
      "terms", "Set what one consumer is kept, may have, and is warned of; without options: show");
  auto terms = std::make_shared<Terms>();
  setting->add_option("ID", terms->consumer, "the consumer")->required();
  const auto add = [&](const char* name, std::vector<std::string>& list, const char* help) {
    setting->add_option(name, list, help)->check(check_quantity)->type_name("OBJECT:UNIT:QUANTITY");
  };
  add("--reserve", terms->reserve, "kept for it, used or not");
  add("--cap", terms->cap, "it gets no more");
  add("--low-water", terms->low_water, "warn when it could get less");
  setting->add_flag("--clear", terms->clear, "remove them all")
      ->excludes("--reserve")
      ->excludes("--cap")
      ->excludes("--low-water");
  setting->callback([terms, &context] { set_terms(context, *terms); });
}

}  // namespace

void add_consumer(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("consumer", "Who holds licensed capacity");
  verb->require_subcommand(1);
  verb->add_subcommand("list", "Every consumer and what it holds")->callback([&context] {
    list(context);
  });
  auto id = std::make_shared<std::string>();
  auto* showing = verb->add_subcommand("show", "One consumer and its terms");
  showing->add_option("ID", *id, "the consumer")->required();
  showing->callback([id, &context] { show(context, *id); });
  auto reason = std::make_shared<std::string>();
  auto* releasing = verb->add_subcommand("release", "Take a lease away from its consumer");
  releasing->add_option("ID", *id, "the consumer")->required();
  releasing->add_option("--reason", *reason, "for the records");
  releasing->callback([id, reason, &context] { release(context, *id, *reason); });
  add_terms(*verb, context);
}

}  // namespace latchkey::cli
