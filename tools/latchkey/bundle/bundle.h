#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey::cli {

/// What a vendor's support gets to see (docs/operations.md, support bundle). Every part of it is
/// built from what may be told; nothing is copied and then cleaned.
struct Bundle {
  struct File {
    std::string name;
    std::string says;  ///< what is in it, for the index
    std::string content;
  };
  std::vector<File> files;
  std::vector<std::string> notes;  ///< what is not there and why, what was left out

  void add(std::string name, std::string says, std::string content) {
    files.push_back({std::move(name), std::move(says), std::move(content)});
  }
  void note(std::string text) { notes.push_back(std::move(text)); }
};

/// A gzip'ed tar archive with `index.txt` first. Error: `invalid-format`.
Result<Bytes> pack(const Bundle& bundle, Time now);

}  // namespace latchkey::cli
