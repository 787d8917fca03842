#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/deployment/witness.h"
#include "tools/latchkey-play/story.h"

namespace latchkey::play {

struct Answer {
  std::string node;
  Decision decision;
};

/// A virtual data centre: nodes that run the real core, keys that people plug, a link that can
/// break. What a node sees reaches its Witness at once; between connected nodes facts travel at
/// once.
class World {
 public:
  /// Applies one step; the answers of an `ask`, in the order of the deployment's nodes. Errors:
  /// `invalid-story`.
  Result<std::vector<Answer>> play(const Step& step);

 private:
  struct Plugged {
    std::string port;
    std::optional<KeyFault> fault;
  };
  struct Node {
    std::string name;
    Witness witness;
    bool running = false;
    std::map<std::string, Plugged> keys;  // by key name
  };

  Result<void> on(Time at, const SetDeployment& action);
  Result<void> on(Time at, const SetLicense& action);
  Result<void> on(Time at, const Install& action);
  Result<void> on(Time at, const Plug& action);
  Result<void> on(Time at, const Pull& action);
  Result<void> on(Time at, const Link& action);
  Result<void> on(Time at, const Stop& action);
  Result<void> on(Time at, const Start& action);

  Result<Node*> node(const std::string& name);
  void add_node(Time at, const std::string& name);
  void advance(Time to);
  void reconnect(Time at);
  void exchange();
  void pull(Time at, Node& node, const std::string& key);
  void read(Time at, Node& node, const std::string& key);
  KeyReading reading(const std::string& key, std::optional<KeyFault> fault) const;
  Result<std::vector<Answer>> ask(Time at, const Ask& action);

  std::vector<Node> nodes_;
  std::map<std::string, SetLicense> licenses_;
  int insertions_ = 0;
  bool link_up_ = true;
  bool connected_ = false;
  Time now_{};
};

}  // namespace latchkey::play
