#include "core/base/file_problem.h"

namespace latchkey {

std::string to_string(const FileProblem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text += ":" + std::to_string(problem.line);
  text += ": ";
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.message + "; " + problem.cure;
}

}  // namespace latchkey
