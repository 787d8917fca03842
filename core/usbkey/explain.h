#pragma once

#include <string_view>

namespace latchkey {

/// What a person reads about a reason of the key state (Decision::reason); of several faults joined
/// with a comma the first one speaks. Empty for Ready.
struct Explanation {
  std::string_view message;
  std::string_view cure;
};
Explanation explain(std::string_view reason);

}  // namespace latchkey
