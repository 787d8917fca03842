#include "tests/simulation/datacenter.h"

#include <algorithm>

namespace latchkey::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kStart{hours(24 * 365 * 56)};

KeyReading working(const std::string& key) {
  const Time issued = kStart + seconds(static_cast<int>(key.size()));
  return {{},
          key,
          LicenseSummary{"doc-" + key, key, issued, {{kStart, kStart + 36500 * kDay}}},
          {},
          ""};
}

}  // namespace

Datacenter::Datacenter(std::uint32_t seed, int nodes)
    : random_(seed), loose_{"K1", "K22", "K333"}, now_(kStart) {
  for (int i = 0; i < nodes; ++i)
    nodes_.push_back({std::string(1, static_cast<char>('a' + i)), {}, {}, {}, {}, 0});
  for (auto& node : nodes_) start(node);
  if (nodes == 2) nodes_[0].agent->peer_joined(now_, "b", "");
  commit(nodes_[0]);
  reconnect();
}

void Datacenter::step() {
  pass_time();
  auto& node = nodes_[static_cast<std::size_t>(pick(static_cast<int>(nodes_.size())))];
  switch (pick(10)) {
    case 0:
    case 1:
    case 2:
      plug(node);
      break;
    case 3:
    case 4:
      pull(node);
      break;
    case 5:
      node.agent ? crash(node) : start(node);
      break;
    case 6:
      start(node);
      break;
    case 7:
      link_up_ = !link_up_;
      break;
    case 8:
      link_up_ = true;
      break;
    case 9:
      node.clock_error = hours(pick(49) - 24);
      break;
  }
  reconnect();
  exchange();
}

/// From milliseconds to months, so that settle times, holds and buffers all get their boundaries
/// crossed.
void Datacenter::pass_time() {
  const Duration scale[] = {milliseconds(1), seconds(1), seconds(10), hours(1), kDay, 10 * kDay};
  const Time to = now_ + scale[pick(6)] * pick(10);
  for (auto& node : nodes_) {
    if (!node.agent) continue;
    const auto due = node.agent->next_tick();
    if (due && *due <= to + node.clock_error) node.agent->tick(std::max(*due, wall(node)));
    commit(node);
  }
  now_ = to;
}

void Datacenter::plug(Node& node) {
  if (loose_.empty() || freeze_ports) return;
  std::swap(loose_.back(), loose_[static_cast<std::size_t>(pick(static_cast<int>(loose_.size())))]);
  const auto key = loose_.back();
  loose_.pop_back();
  const auto port = "p" + std::to_string(++insertions_);
  node.ports[port] = key;
  if (node.agent) see(node, port, key);
}

void Datacenter::pull(Node& node) {
  if (node.ports.empty() || freeze_ports) return;
  const auto place = std::next(node.ports.begin(), pick(static_cast<int>(node.ports.size())));
  loose_.push_back(place->second);
  if (node.agent) node.agent->key_gone(wall(node), place->first);
  commit(node);
  node.ports.erase(place);
}

void Datacenter::start(Node& node) {
  if (node.agent) return;
  node.agent.emplace(WitnessConfig{node.name, "chain-" + node.name});
  node.agent->merge(node.disk);
  node.agent->start(wall(node), "1");
  std::vector<std::string> ports;
  for (const auto& [port, key] : node.ports) ports.push_back(port);
  node.agent->enumerated(wall(node), ports);
  for (const auto& [port, key] : node.ports) see(node, port, key);
  commit(node);
}

/// A crash leaves what was durable; now and then something was seen that never got there.
void Datacenter::crash(Node& node) {
  if (!node.ports.empty() && pick(2) == 0)
    node.agent->key_gone(wall(node), node.ports.begin()->first);
  node.agent.reset();
}

void Datacenter::see(Node& node, const std::string& port, const std::string& key) {
  node.agent->key_read(wall(node), port, "test", working(key));
  commit(node);
}

void Datacenter::commit(Node& node) {
  if (!node.agent) return;
  for (auto& fact : node.agent->take_new()) node.disk.push_back(std::move(fact));
}

void Datacenter::reconnect() {
  const bool can = link_up_ && nodes_.size() == 2 && nodes_[0].agent && nodes_[1].agent;
  if (can == connected_) return;
  connected_ = can;
  exchange();
  for (auto& node : nodes_) {
    if (!node.agent) continue;
    can ? node.agent->peer_up(wall(node)) : node.agent->peer_down(wall(node));
    commit(node);
  }
}

void Datacenter::exchange() {
  if (!connected_) return;
  const auto first = nodes_[0].agent->facts();
  for (auto& [node, facts] :
       {std::pair{&nodes_[0], nodes_[1].agent->facts()}, std::pair{&nodes_[1], first}}) {
    node->agent->merge(facts);
    node->disk = node->agent->facts();
  }
}

void Datacenter::calm() {
  for (auto& node : nodes_) start(node);
  link_up_ = true;
  reconnect();
  exchange();
}

std::map<std::string, int> Datacenter::plugged() const {
  std::map<std::string, int> counts;
  for (const auto& node : nodes_)
    if (!node.ports.empty()) counts[node.name] = static_cast<int>(node.ports.size());
  return counts;
}

}  // namespace latchkey::testing
