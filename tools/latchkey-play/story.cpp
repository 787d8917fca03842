#include "tools/latchkey-play/story.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace latchkey::play {
namespace {

using Json = nlohmann::json;

struct BadStep {
  std::string what;
};

std::string text(const Json& line, const char* name) {
  const auto found = line.find(name);
  if (found == line.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    throw BadStep{std::string("`") + name + "` must be a non-empty string"};
  return *found;
}

Time time(const Json& line, const char* name) {
  const auto parsed = parse_time(text(line, name));
  if (!parsed)
    throw BadStep{std::string("`") + name +
                  "` must be an RFC 3339 UTC time such as 2026-01-01T00:00:00Z"};
  return *parsed;
}

Time time_or(const Json& line, const char* name, Time otherwise) {
  return line.contains(name) && !line.at(name).is_null() ? time(line, name) : otherwise;
}

void only(const Json& line, std::set<std::string> allowed) {
  allowed.insert({"at", "do"});
  for (const auto& [name, value] : line.items())
    if (allowed.count(name) == 0) throw BadStep{"unknown member `" + name + "`"};
}

Action deployment(const Json& line) {
  only(line, {"nodes"});
  SetDeployment action;
  const auto nodes = line.find("nodes");
  if (nodes == line.end() || !nodes->is_array()) throw BadStep{"`nodes` must be a list"};
  for (const auto& node : *nodes) {
    if (!node.is_string()) throw BadStep{"`nodes` must be a list of names"};
    action.nodes.push_back(node);
  }
  const std::set<std::string> distinct(action.nodes.begin(), action.nodes.end());
  if (action.nodes.empty() || action.nodes.size() > 2 || distinct.size() != action.nodes.size())
    throw BadStep{"`nodes` must name one node or two different ones"};
  return action;
}

SetLicense granted(const Json& line, Time at) {
  SetLicense action{text(line, "key"), {}, time_or(line, "issued", at)};
  action.window.not_before = time_or(line, "not_before", std::min(at, action.issued));
  action.window.not_after = time(line, "not_after");
  return action;
}

Action license(const Json& line, Time at) {
  only(line, {"key", "not_before", "not_after", "issued"});
  return granted(line, at);
}

Action install(const Json& line, Time at) {
  only(line, {"node", "key", "not_before", "not_after", "issued"});
  return Install{text(line, "node"), granted(line, at)};
}

Action plug(const Json& line) {
  only(line, {"node", "key", "fault"});
  Plug action{text(line, "node"), text(line, "key"), {}};
  if (!line.contains("fault") || line.at("fault").is_null()) return action;
  action.fault = parse_key_fault(text(line, "fault"));
  if (!action.fault) throw BadStep{"`fault` must be a KEY-3 reason such as `unreadable`"};
  return action;
}

Action link(const Json& line) {
  only(line, {"up"});
  const auto up = line.find("up");
  if (up == line.end() || !up->is_boolean()) throw BadStep{"`up` must be true or false"};
  return Link{*up};
}

template <class T>
Action of_node(const Json& line) {
  only(line, {"node"});
  return T{text(line, "node")};
}

Action ask(const Json& line) {
  only(line, {"node"});
  const bool named = line.contains("node") && !line.at("node").is_null();
  return Ask{named ? text(line, "node") : std::string()};
}

Action pull(const Json& line) {
  only(line, {"node", "key"});
  return Pull{text(line, "node"), text(line, "key")};
}

Action action_of(const Json& line, Time at) {
  const std::string name = text(line, "do");
  if (name == "deployment") return deployment(line);
  if (name == "license") return license(line, at);
  if (name == "install") return install(line, at);
  if (name == "plug") return plug(line);
  if (name == "pull") return pull(line);
  if (name == "link") return link(line);
  if (name == "stop") return of_node<Stop>(line);
  if (name == "start") return of_node<Start>(line);
  if (name == "ask") return ask(line);
  throw BadStep{"unknown action `" + name + "`"};
}

}  // namespace

Result<Step> parse_step(std::string_view line) {
  try {
    const Json json = Json::parse(line);
    if (!json.is_object()) throw BadStep{"a line must be a JSON object"};
    const Time at = time(json, "at");
    return Step{at, action_of(json, at)};
  } catch (const BadStep& bad) {
    return fail("invalid-story", bad.what + ".",
                "See docs/play.md for the lines a story may have.");
  } catch (const Json::exception& bad) {
    return fail("invalid-story", bad.what(), "Each line must be one JSON object.");
  }
}

}  // namespace latchkey::play
