#include "agent/app/records.h"

#include "core/usbkey/buffer.h"

namespace latchkey {
namespace {

std::string bound_to(const std::string& key_id) {
  return key_id.empty() ? " for this deployment" : " for key " + key_id;
}

std::string list_of(const Quantities& quantities) {
  std::string text;
  for (const auto& [pool, quantity] : quantities)
    text += (text.empty() ? "" : ", ") + std::to_string(quantity) + " " + pool.object + " by " +
            pool.unit;
  return text.empty() ? "nothing" : text;
}

struct Describer {
  const NodeNames& names;

  std::string operator()(const NodeStarted& fact) const {
    return "agent " + fact.version + " started";
  }
  std::string operator()(const NodeStopped&) const { return "agent stopped"; }
  std::string operator()(const NodeJoined& fact) const {
    auto text = "node " + name_of(fact.node, names) + " joined the deployment";
    if (!fact.replaces.empty()) text += " in place of " + name_of(fact.replaces, names);
    return text;
  }
  std::string operator()(const NodeFactors& fact) const {
    std::string text = "this machine is known by";
    for (const auto& [name, hash] : fact.factors) text += " " + name;
    if (fact.factors.empty()) text += " nothing";
    for (const auto& name : fact.unreadable) text += ", " + name + " is not readable";
    return text;
  }
  std::string operator()(const KeyRead& fact) const {
    const auto& reading = fact.reading;
    auto text =
        "key " + (reading.key_id.empty() ? "(unknown)" : reading.key_id) + " at port " + fact.port;
    if (!reading.works()) {
      text += " does not work: " + std::string(to_string(*reading.fault));
      return reading.detail.empty() ? text : text + " (" + reading.detail + ")";
    }
    if (reading.license)
      text += " works; license " + reading.license->id + " until " +
              format_time(entries_until(*reading.license));
    return text;
  }
  std::string operator()(const KeyGone& fact) const {
    return "key at port " + fact.port + " was removed" +
           (fact.while_down ? " while the agent was not running" : "");
  }
  std::string operator()(const LicenseImported& fact) const {
    return "license " + fact.license.id + bound_to(fact.key_id) + " installed by " + fact.by +
           " from a " + fact.method + "; issued " + format_time(fact.license.issued) + ", until " +
           format_time(entries_until(fact.license));
  }
  std::string operator()(const LicenseDeleted& fact) const {
    return "license " + fact.id + " deleted by " + fact.by;
  }
  std::string operator()(const LicenseWithdrawn& fact) const {
    return "license " + fact.id + bound_to(fact.key_id) + " counts no more: " + fact.reason;
  }
  std::string operator()(const TrustInstalled& fact) const {
    return "trust bundle version " + std::to_string(fact.version) + " installed by " + fact.by;
  }
  std::string operator()(const ImportRefused& fact) const {
    return "upload by " + fact.by + " from a " + fact.method + " refused: " + fact.code + ": " +
           fact.detail;
  }
  std::string operator()(const ClockJumped& fact) const {
    return "license time went forward from " + format_time(fact.from) + " to " +
           format_time(fact.to);
  }
  std::string operator()(const TimeRepaired& fact) const {
    return "time repair " + fact.id + " used, installed by " + fact.by + "; issued " +
           format_time(fact.time);
  }
  std::string operator()(const LeaseReleased& fact) const {
    return "lease of consumer " + fact.consumer + " (" + list_of(fact.usage) + ") released by " +
           fact.by + (fact.reason.empty() ? "" : ": " + fact.reason);
  }
  std::string operator()(const ConsumerTermsSet& fact) const {
    auto text = "terms of consumer " + fact.consumer + " set by " + fact.by;
    if (!fact.reserve.empty()) text += "; reserved " + list_of(fact.reserve);
    if (!fact.cap.empty()) text += "; at most " + list_of(fact.cap);
    if (!fact.low_water.empty()) text += "; low water " + list_of(fact.low_water);
    return text;
  }
  std::string operator()(const AccessFact& fact) const { return latchkey::describe(fact); }
  std::string operator()(const UpstreamFact& fact) const { return latchkey::describe(fact); }
  std::string operator()(const LeasesTaken& fact) const {
    return "this node keeps the leases from now on, epoch " + std::to_string(fact.epoch) +
           (fact.cause == "vip"     ? ": it has the virtual address"
            : fact.cause == "first" ? ": it served first"
                                    : ": ordered by " + fact.by);
  }
  std::string operator()(const PeerLost& fact) const {
    return "node " + name_of(fact.peer, names) + " is unreachable; its keys count as absent here";
  }
  std::string operator()(const PeerFound& fact) const {
    return "node " + name_of(fact.peer, names) + " is reachable again";
  }
  std::string operator()(const HistoryWarning& fact) const {
    return fact.code + ": " + fact.detail;
  }
  std::string operator()(const UnknownFact& fact) const {
    return "a record of kind " + fact.kind + " from a newer version";
  }
};

}  // namespace

std::string name_of(const std::string& node, const NodeNames& names) {
  const auto found = names.find(node);
  return found == names.end() ? node : found->second;
}

std::string describe(const FactBody& body, const NodeNames& names) {
  return std::visit(Describer{names}, body);
}

}  // namespace latchkey
