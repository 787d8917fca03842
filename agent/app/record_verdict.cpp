#include "agent/app/record_verdict.h"

#include <nlohmann/json.hpp>

namespace latchkey {
namespace {

using Json = nlohmann::json;

std::string writer_of(const StoreReport::Chain& chain, const NodeNames& names) {
  return chain.node.empty() ? "an unknown node" : name_of(chain.node, names);
}

std::string problems_of(const StoreReport& report, const NodeNames& names) {
  std::string text;
  for (const auto& chain : report.chains)
    if (!chain.problem.empty())
      text += " Chain " + chain.chain + ", which " + writer_of(chain, names) +
              " writes, breaks at fact " + std::to_string(chain.facts + 1) + ": " + chain.problem +
              ".";
  for (const auto& document : report.changed_documents)
    text += " Document " + document + " was changed.";
  return text;
}

/// The first ones by name.
std::string problems_of(const StoreReport::Leases& leases) {
  std::string text;
  for (const auto& fault : leases.told) text += (text.empty() ? " " : ", ") + fault;
  if (!text.empty()) text += ".";
  if (leases.faults > leases.told.size())
    text += " And " + std::to_string(leases.faults - leases.told.size()) + " more.";
  return text;
}

}  // namespace

Result<Json> verdict_on(const StoreReport& report, const NodeNames& names) {
  const auto leases = problems_of(report.leases);
  if (const auto problems = problems_of(report, names); !problems.empty())
    return fail("chain-broken",
                "This node's database was altered or is damaged." + problems + leases,
                "Find out who changed it. Then stop this agent, move latchkey.db* aside and start "
                "again: the other node and the key bring the history back.");
  if (!leases.empty())
    return fail(
        "leases-damaged",
        "The records are sound; this node's journal of leases was altered or is damaged." + leases,
        "Check the health of the disk. The agent has the leases in memory and writes them "
        "anew with the next changes; if it is started before that, their consumers state "
        "what they use again.");
  std::uint64_t facts = 0;
  Json chains = Json::array();
  for (const auto& chain : report.chains) {
    facts += chain.facts;
    chains.push_back({{"chain", chain.chain},
                      {"node", chain.node},
                      {"node_name", name_of(chain.node, names)},
                      {"facts", chain.facts}});
  }
  return Json{{"facts", facts}, {"chains", std::move(chains)}, {"lease_rows", report.leases.rows}};
}

}  // namespace latchkey
