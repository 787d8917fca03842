#include "core/site/upstream_fact.h"

namespace latchkey {
namespace {

struct KindOf {
  std::string_view operator()(const UpstreamConnected&) const { return "upstream-connected"; }
  std::string_view operator()(const UpstreamDisconnected&) const { return "upstream-disconnected"; }
  std::string_view operator()(const UpstreamHeld&) const { return "upstream-held"; }
  std::string_view operator()(const UpstreamLost&) const { return "upstream-lost"; }
};

struct Describer {
  std::string operator()(const UpstreamConnected& fact) const {
    std::string text = "connected to the upstream";
    for (const auto& server : fact.servers) text += " " + server;
    return text + " as identity " + fact.identity + " by " + fact.by;
  }
  std::string operator()(const UpstreamDisconnected& fact) const {
    return "disconnected from the upstream by " + fact.by;
  }
  std::string operator()(const UpstreamHeld& fact) const {
    std::string text = "holds";
    for (const auto& [pool, quantity] : fact.held)
      text += " " + std::to_string(quantity) + " " + pool.object + ":" + pool.unit;
    return (fact.held.empty() ? "holds nothing" : text) + " of the upstream";
  }
  std::string operator()(const UpstreamLost& fact) const {
    return "the upstream is lost (" + fact.code + "); what is held of it counts for another " +
           std::to_string(fact.left_s) + " s";
  }
};

struct DoneBy {
  std::string_view operator()(const UpstreamConnected& fact) const { return fact.by; }
  std::string_view operator()(const UpstreamDisconnected& fact) const { return fact.by; }
  template <class Other>
  std::string_view operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::string_view kind(const UpstreamFact& fact) { return std::visit(KindOf{}, fact); }
std::string describe(const UpstreamFact& fact) { return std::visit(Describer{}, fact); }
std::string_view done_by(const UpstreamFact& fact) { return std::visit(DoneBy{}, fact); }

}  // namespace latchkey
