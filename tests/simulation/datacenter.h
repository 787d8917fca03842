#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/deployment/witness.h"

namespace latchkey::testing {

/// A virtual deployment for random tests: real Witnesses over virtual disks, USB ports, clocks and
/// a link. Everything random comes from one seed, so a failing seed replays exactly.
class Datacenter {
 public:
  struct Node {
    std::string name;
    std::vector<Fact> disk;                    ///< what is durable
    std::optional<Witness> agent;              ///< none: crashed or stopped
    Duration clock_error{};                    ///< wall clock minus true time
    std::map<std::string, std::string> ports;  ///< port -> key ID, what is really plugged in
    int boots = 0;
  };

  Datacenter(std::uint32_t seed, int nodes);

  /// One random thing happens: time passes, a key moves, a node crashes or starts, the link breaks
  /// or heals, a clock jumps.
  void step();
  /// Every node runs, the link is up, and all facts have been exchanged.
  void calm();

  bool connected() const { return connected_; }
  Time now() const { return now_; }
  Time wall(const Node& node) const { return now_ + node.clock_error; }
  const std::vector<Node>& nodes() const { return nodes_; }
  std::mt19937& random() { return random_; }
  /// Keys really plugged in, by node.
  std::map<std::string, int> plugged() const;
  bool freeze_ports = false;  ///< keys stay where they are

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  void pass_time();
  void plug(Node& node);
  void pull(Node& node);
  void start(Node& node);
  void crash(Node& node);
  void see(Node& node, const std::string& port, const std::string& key);
  void commit(Node& node);
  void reconnect();
  void exchange();

  std::mt19937 random_;
  std::vector<Node> nodes_;
  std::vector<std::string> loose_;  // keys in nobody's port
  Time now_;
  int insertions_ = 0;
  bool link_up_ = true;
  bool connected_ = false;
};

}  // namespace latchkey::testing
