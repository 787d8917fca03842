#include "agent/store/chain_audit.h"

namespace latchkey {

void ChainAudit::take(const std::string& chain, const EncodedFact& encoded) {
  if (chains_.empty() || chains_.back().chain != chain) chains_.push_back({chain, "", 0, ""});
  auto& report = chains_.back();
  if (!report.problem.empty()) return;  // what follows hangs on what is broken
  const auto fact = check_.next(encoded);
  if (!fact) {
    report.problem = fact.error().message;
  } else if (fact->chain != chain) {
    report.problem = "it is of chain " + fact->chain;
  } else {
    report.node = fact->node;
    ++report.facts;
  }
}

}  // namespace latchkey
