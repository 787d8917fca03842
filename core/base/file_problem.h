#pragma once

#include <string>
#include <vector>

namespace latchkey {

/// One thing that is wrong in a file that a person wrote.
struct FileProblem {
  std::string file;
  int line = 0;     ///< 1-based; 0 when the problem is not at a line
  std::string key;  ///< "keys.settle_s"
  std::string message;
  std::string cure;
};
/// `FILE:LINE: KEY: MESSAGE; CURE`
std::string to_string(const FileProblem& problem);

using FileProblems = std::vector<FileProblem>;

}  // namespace latchkey
