#pragma once

#include <string>
#include <vector>

#include "core/deployment/fact.h"

namespace latchkey::test {

/// Writes the facts of one chain, as a node would.
class ChainWriter {
 public:
  ChainWriter(std::string chain, std::string node)
      : chain_(std::move(chain)), node_(std::move(node)) {}

  EncodedFact add(Time at, FactBody body) {
    auto encoded = encode(Fact{at, chain_, ++seq_, node_, std::move(body)}, prev_);
    prev_ = encoded.hash;
    return encoded;
  }
  std::uint64_t seq() const { return seq_; }
  const std::string& head() const { return prev_; }

 private:
  std::string chain_, node_, prev_;
  std::uint64_t seq_ = 0;
};

}  // namespace latchkey::test
