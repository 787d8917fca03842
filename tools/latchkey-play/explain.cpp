#include "tools/latchkey-play/explain.h"

#include <algorithm>
#include <istream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

namespace latchkey::play {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(std::string_view text) { return text.empty() ? Json() : Json(text); }
Json time_or_null(const std::optional<Time>& time) {
  return time ? Json(format_time(*time)) : Json();
}

Result<Fact> fact_from(const nlohmann::json& record) {
  const auto& fact = record.contains("fact") ? record.at("fact") : record;
  LK_TRY(auto decoded, decode_fact(fact.dump()));
  return std::move(decoded.fact);
}

/// An export, a page of records, or one fact.
nlohmann::json records_of(nlohmann::json text) {
  if (text.is_array()) return text;
  if (text.is_object() && text.contains("records")) return text.at("records");
  return nlohmann::json::array({std::move(text)});
}

/// What only follows from facts has none of its own.
bool is_derived(const nlohmann::json& record) {
  return record.is_object() && record.contains("fact") && record.at("fact").is_null();
}

Result<std::vector<Fact>> facts_from(nlohmann::json text) {
  std::vector<Fact> facts;
  for (const auto& record : records_of(std::move(text))) {
    if (is_derived(record)) continue;
    LK_TRY(auto fact, fact_from(record));
    facts.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace

std::string answer_line(std::string_view at, std::string_view node, const Decision& decision) {
  const Json line = {
      {"at", at},
      {"node", node},
      {"state", to_string(decision.state)},
      {"reason", text_or_null(decision.reason)},
      {"key", text_or_null(decision.key_id)},
      {"usable", decision.usable},
      {"buffer_until",
       time_or_null(decision.buffer ? std::optional(decision.buffer->until) : std::nullopt)},
      {"entries_until", time_or_null(decision.entries_until)}};
  return line.dump();
}

Result<std::vector<Fact>> read_facts(std::istream& in) {
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::vector<Fact> facts;
  const auto take = [&](std::string_view part) -> Result<void> {
    auto json = nlohmann::json::parse(part, nullptr, false);
    if (json.is_discarded())
      return fail("invalid-facts", "The exported facts are not JSON.",
                  "Export them with `latchkey record export --format json`.");
    LK_TRY(auto more, facts_from(std::move(json)));
    facts.insert(facts.end(), more.begin(), more.end());
    return {};
  };
  if (nlohmann::json::accept(text)) {
    LK_CHECK(take(text));
  } else {
    for (std::size_t start = 0; start < text.size();) {
      const auto end = std::min(text.find('\n', start), text.size());
      if (end > start) LK_CHECK(take(std::string_view(text).substr(start, end - start)));
      start = end + 1;
    }
  }
  std::sort(facts.begin(), facts.end(),
            [](const Fact& a, const Fact& b) { return canonical_order(a, b) < 0; });
  return facts;
}

Decision decide_at(const std::vector<Fact>& facts, const FoldConfig& config, Time at) {
  const auto end = std::upper_bound(facts.begin(), facts.end(), at,
                                    [](Time time, const Fact& fact) { return time < fact.at; });
  const auto count = static_cast<std::size_t>(end - facts.begin());
  return fold(std::span(facts).first(count), config, at);
}

std::vector<std::string> nodes_of(const std::vector<Fact>& facts) {
  std::set<std::string> nodes;
  for (const auto& fact : facts) nodes.insert(fact.node);
  return {nodes.begin(), nodes.end()};
}

void explain(const std::vector<Fact>& facts, Duration settle, std::ostream& out) {
  const auto nodes = nodes_of(facts);
  std::map<std::string, std::string> said;
  for (const auto& fact : facts) {
    for (const auto& node : nodes) {
      const auto decision = decide_at(facts, {node, settle}, fact.at);
      const auto line = answer_line("", node, decision);
      if (std::exchange(said[node], line) != line)
        out << answer_line(format_time(fact.at), node, decision) << '\n';
    }
  }
}

}  // namespace latchkey::play
