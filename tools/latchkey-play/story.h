#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/usbkey/reading.h"

namespace latchkey::play {

// The lines of a story (docs/play.md): JSON objects with `at` and `do`, in ascending time.
struct SetDeployment {
  std::vector<std::string> nodes;
};
struct SetLicense {
  std::string key;
  ValidityWindow window;
  Time issued;
};
struct Install {
  std::string node;
  SetLicense license;
};
struct Plug {
  std::string node;
  std::string key;
  std::optional<KeyFault> fault;
};
struct Pull {
  std::string node;
  std::string key;
};
struct Link {
  bool up;
};
struct Stop {
  std::string node;
};
struct Start {
  std::string node;
};
struct Ask {
  std::string node;  ///< empty: every running node
};

using Action = std::variant<SetDeployment, SetLicense, Install, Plug, Pull, Link, Stop, Start, Ask>;

struct Step {
  Time at;
  Action action;
};

/// One line; unknown members and actions are errors (`invalid-story`).
Result<Step> parse_step(std::string_view line);

}  // namespace latchkey::play
