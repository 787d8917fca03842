#pragma once

#include <string>
#include <vector>

#include "agent/store/chain_check.h"
#include "agent/store/fact_store.h"

namespace latchkey {

/// Follows every chain as far as it holds, whatever is wrong with the others (SPEC REC-2).
class ChainAudit {
 public:
  /// Facts chain by chain, each chain in order; `chain` is where the database has the fact.
  void take(const std::string& chain, const EncodedFact& encoded);
  std::vector<StoreReport::Chain> report() && { return std::move(chains_); }

 private:
  ChainCheck check_;
  std::vector<StoreReport::Chain> chains_;
};

}  // namespace latchkey
