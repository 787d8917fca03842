#include "tools/latchkey-play/world.h"

#include <algorithm>

#include "core/base/sha256.h"

namespace latchkey::play {
namespace {

tl::unexpected<Error> bad(std::string what) {
  return fail("invalid-story", std::move(what), "Mend the story and play it again.");
}

/// Equal grants are one document, wherever it is kept.
LicenseSummary summary_of(const SetLicense& granted) {
  const std::string text = granted.key + format_time(granted.issued) +
                           format_time(granted.window.not_before) +
                           format_time(granted.window.not_after);
  return {content_hash(as_bytes(text)), granted.key, granted.issued, {granted.window}};
}

Result<void> check_window(const SetLicense& granted) {
  if (granted.window.not_after <= granted.window.not_before)
    return bad("The license of " + granted.key + " ends before it begins.");
  return {};
}

}  // namespace

Result<std::vector<Answer>> World::play(const Step& step) {
  if (step.at < now_) return bad("Time runs backward at " + format_time(step.at) + ".");
  advance(step.at);
  now_ = step.at;
  if (const auto* question = std::get_if<Ask>(&step.action)) return ask(step.at, *question);
  LK_CHECK(std::visit(
      [&](const auto& action) -> Result<void> {
        if constexpr (std::is_same_v<std::decay_t<decltype(action)>, Ask>)
          return {};
        else
          return on(step.at, action);
      },
      step.action));
  exchange();
  return std::vector<Answer>{};
}

/// Lets every hold that ends on the way end at its own instant.
void World::advance(Time to) {
  while (true) {
    std::optional<Time> next;
    for (const auto& node : nodes_) {
      const auto due = node.running ? node.witness.next_tick() : std::nullopt;
      if (due && *due <= to && (!next || *due < *next)) next = due;
    }
    if (!next) return;
    for (auto& node : nodes_)
      if (node.running) node.witness.tick(*next);
  }
}

void World::exchange() {
  if (!connected_) return;
  for (auto& node : nodes_) node.witness.take_new();
  const auto first = nodes_[0].witness.facts();
  nodes_[0].witness.merge(nodes_[1].witness.facts());
  nodes_[1].witness.merge(first);
}

void World::reconnect(Time at) {
  const bool can = link_up_ && nodes_.size() == 2 && nodes_[0].running && nodes_[1].running;
  if (can == connected_) return;
  connected_ = can;
  exchange();
  for (auto& node : nodes_) {
    if (can) node.witness.peer_up(at);
    if (!can && node.running) node.witness.peer_down(at);
  }
}

void World::add_node(Time at, const std::string& name) {
  Node node{name, Witness({name, content_hash(as_bytes(name)).substr(0, 32)}), true, {}};
  node.witness.start(at, "play");
  nodes_.push_back(std::move(node));
}

Result<void> World::on(Time at, const SetDeployment& action) {
  const bool grows =
      nodes_.size() <= action.nodes.size() &&
      std::equal(nodes_.begin(), nodes_.end(), action.nodes.begin(),
                 [](const Node& node, const auto& name) { return node.name == name; });
  if (!grows) return bad("A deployment can only grow from one node to two.");
  for (std::size_t i = nodes_.size(); i < action.nodes.size(); ++i) {
    add_node(at, action.nodes[i]);
    if (i == 1) nodes_[0].witness.peer_joined(at, action.nodes[1], "");
  }
  reconnect(at);
  return {};
}

Result<void> World::on(Time at, const SetLicense& action) {
  LK_CHECK(check_window(action));
  licenses_[action.key] = action;
  for (auto& node : nodes_)
    if (node.running && node.keys.count(action.key) != 0) read(at, node, action.key);
  return {};
}

Result<void> World::on(Time at, const Install& action) {
  LK_CHECK(check_window(action.license));
  LK_TRY(auto* const target, node(action.node));
  if (!target->running) return bad("Node " + action.node + " does not run.");
  target->witness.license_imported(
      at, {action.license.key, summary_of(action.license), "play", "file"});
  return {};
}

Result<void> World::on(Time at, const Plug& action) {
  LK_TRY(auto* const target, node(action.node));
  // There is only one of it: whoever plugs it in here has pulled it there.
  for (auto& other : nodes_)
    if (other.keys.count(action.key) != 0) pull(at, other, action.key);
  target->keys[action.key] = {action.key + "#" + std::to_string(++insertions_), action.fault};
  if (target->running) read(at, *target, action.key);
  return {};
}

Result<void> World::on(Time at, const Pull& action) {
  LK_TRY(auto* const target, node(action.node));
  if (target->keys.count(action.key) == 0)
    return bad("Key " + action.key + " is not in node " + action.node + ".");
  pull(at, *target, action.key);
  return {};
}

void World::pull(Time at, Node& node, const std::string& key) {
  const auto plugged = node.keys.find(key);
  if (node.running) node.witness.key_gone(at, plugged->second.port);
  node.keys.erase(plugged);
}

Result<void> World::on(Time at, const Link& action) {
  link_up_ = action.up;
  reconnect(at);
  return {};
}

Result<void> World::on(Time at, const Stop& action) {
  LK_TRY(auto* const target, node(action.node));
  if (!target->running) return bad("Node " + action.node + " does not run.");
  target->running = false;
  reconnect(at);
  return {};
}

Result<void> World::on(Time at, const Start& action) {
  LK_TRY(auto* const target, node(action.node));
  if (target->running) return bad("Node " + action.node + " runs already.");
  target->running = true;
  target->witness.start(at, "play");
  std::vector<std::string> ports;
  for (const auto& [key, plugged] : target->keys) ports.push_back(plugged.port);
  target->witness.enumerated(at, ports);
  for (const auto& [key, plugged] : target->keys) read(at, *target, key);
  reconnect(at);
  return {};
}

Result<World::Node*> World::node(const std::string& name) {
  for (auto& node : nodes_)
    if (node.name == name) return &node;
  return bad("There is no node " + name + "; a story begins with `deployment`.");
}

void World::read(Time at, Node& node, const std::string& key) {
  const auto& plugged = node.keys.at(key);
  node.witness.key_read(at, plugged.port, "play", reading(key, plugged.fault));
}

/// As core/usbkey/read_key tells it: what stops before the proof leaves no key ID.
KeyReading World::reading(const std::string& key, std::optional<KeyFault> fault) const {
  KeyReading reading;
  const auto license = licenses_.find(key);
  if (!fault && license == licenses_.end()) fault = KeyFault::unprovisioned;
  reading.fault = fault;
  const bool proven = !fault || *fault == KeyFault::unprovisioned ||
                      *fault == KeyFault::license_invalid || *fault == KeyFault::wrong_key_id;
  if (proven) reading.key_id = key;
  if (fault) return reading;
  reading.license = summary_of(license->second);
  return reading;
}

Result<std::vector<Answer>> World::ask(Time at, const Ask& action) {
  std::vector<Answer> answers;
  if (!action.node.empty()) {
    LK_TRY(const auto* const target, node(action.node));
    if (!target->running) return bad("Node " + action.node + " does not run and cannot be asked.");
  }
  for (const auto& node : nodes_)
    if (node.running && (action.node.empty() || node.name == action.node))
      answers.push_back({node.name, node.witness.decide(at)});
  return answers;
}

}  // namespace latchkey::play
