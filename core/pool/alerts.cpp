#include "core/pool/alerts.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "core/pool/changed_machines.h"
#include "core/usbkey/explain.h"

namespace latchkey {
namespace {

constexpr std::array<std::string_view, 3> kSeverities{"info", "warning", "critical"};
constexpr std::string_view kRenew =
    "Order a renewal and install it: `latchkey license install FILE` (License Management).";

/// What the entries of one object come to.
struct ObjectState {
  bool counts = false;
  bool base = false;
  std::optional<Time> first_end;  ///< of those that expire soon
  std::optional<Time> ended;      ///< the last end of those that have expired by themselves
};

class Teller {
 public:
  explicit Teller(const AlertInput& input) : in_(input) {}

  std::vector<Alert> tell() {
    tell_key();
    tell_buffer();
    tell_licenses();
    tell_machines();
    tell_quota();
    tell_over_use();
    tell_low_water();
    tell_upstream();
    tell_peer();
    tell_store();
    tell_clock();
    tell_history();
    std::ranges::sort(out_, [](const Alert& a, const Alert& b) {
      return std::tie(b.severity, a.id) < std::tie(a.severity, b.id);
    });
    return std::move(out_);
  }

 private:
  const Decision& decision() const { return in_.standing.decision; }
  const Entitlements& entitled() const { return in_.standing.entitlements; }
  const Catalog& catalog() const { return in_.standing.catalog; }
  Time now() const { return decision().at; }
  Severity unless_usable() const {
    return entitled().usable ? Severity::warning : Severity::critical;
  }

  void raise(Alert alert) { out_.push_back(std::move(alert)); }
  /// Since it was raised first, where no fact says when it began.
  Time known_since(std::string_view id) const {
    const auto known = std::ranges::find(in_.before, id, &Alert::id);
    return known == in_.before.end() ? now() : known->since;
  }

  void tell_key() {
    const auto why = explain(decision().reason);
    const auto raise_key = [&](const char* id, Severity severity) {
      raise({id,
             severity,
             decision().state_since,
             {},
             std::string(why.message),
             std::string(why.cure)});
    };
    switch (decision().state) {
      case KeyState::ready:
        return;
      case KeyState::abnormal:
        return raise_key("key-abnormal", Severity::warning);
      case KeyState::fault:
        return raise_key("key-fault", unless_usable());
      case KeyState::missing:
        // A deployment that lives on file licenses misses no key.
        if (decision().reason != "never-inserted" || !entitled().usable)
          raise_key("key-missing", unless_usable());
    }
  }

  void tell_buffer() {
    const auto& buffer = decision().buffer;
    if (!buffer) return;
    const auto end = entries_until(buffer->license, buffer->until);
    if (now() < end)
      raise({"buffer-running", Severity::warning, buffer->since, end,
             "A buffer license stands in for USB key " + buffer->key_id + ".",
             "Insert the USB key again, into either node, before it ends."});
    else if (end == buffer->until)
      raise({"buffer-over",
             unless_usable(),
             std::max(end, buffer->since),
             {},
             "The buffer license of USB key " + buffer->key_id + " is over.",
             "Insert the USB key again, or order a license and install it."});
  }

  std::map<std::string, ObjectState> objects() const {
    std::map<std::string, ObjectState> objects;
    for (const auto& entry : entitled().entries) {
      auto& object = objects[entry.entry->object];
      object.counts = object.counts || entry.counts();
      object.base = object.base || entry.entry->kind == EntryKind::base;
      const Time end = entry.entry->validity.not_after;
      if (entry.status == EntryStatus::expiring_soon)
        object.first_end = std::min(object.first_end.value_or(end), end);
      if (entry.status == EntryStatus::expired && now() >= end)
        object.ended = std::max(object.ended.value_or(end), end);
    }
    return objects;
  }

  void tell_licenses() {
    for (const auto& [id, object] : objects()) {
      const auto name = object_name(catalog(), id);
      if (object.first_end) tell_expiring(id, name, *object.first_end);
      if (object.ended && !object.counts)
        raise({"license-expired:" + id,
               object.base ? unless_usable() : Severity::warning,
               *object.ended,
               {},
               "The license for " + name + " has expired.",
               std::string(kRenew)});
    }
    // The license left with its key, so that its objects are not known any more (SPEC BUF-1).
    const auto why = why_unusable(decision(), entitled());
    if (why && why->code == "license-expired" && !decision().license && !decision().buffer &&
        decision().entries_until)
      raise({"license-expired",
             Severity::critical,
             *decision().entries_until,
             {},
             "The license of the USB key had expired when the key was removed.",
             std::string(kRenew)});
  }
  void tell_expiring(const std::string& id, const std::string& name, Time end) {
    if (is_service(catalog(), id))
      raise({"after-sales-expiring:" + id, Severity::warning, end - kServiceExpiringSoon, end,
             name + " ends in less than 30 days.", std::string(kRenew)});
    else
      raise({"license-expiring:" + id, Severity::warning, end - kExpiringSoon, end,
             "A license for " + name + " ends in less than 15 days.", std::string(kRenew)});
  }

  void tell_machines() {
    for (const auto& machine : changed_machines(decision(), entitled(), in_.facts, in_.names)) {
      auto which = machine.license_ids.front();
      if (const auto others = machine.license_ids.size() - 1)
        which += " and " + std::to_string(others) + " more";
      raise({"machine-changed:" + machine.node,
             machine.denied ? unless_usable() : Severity::warning,
             machine.since,
             {},
             "A machine is not what license " + which + " describes: " + machine.what + ".",
             "If that was on purpose, order the license anew with `latchkey request-key` before "
             "more of it changes; else undo it. `latchkey license list` shows what still counts."});
    }
  }

  void tell_quota() {
    if (!in_.standing.capacity.over_quota) return;
    std::string which;
    for (const auto& [id, pool] : in_.standing.capacity.pools)
      if (pool.over > 0)
        which += (which.empty() ? "" : ", ") + object_name(catalog(), id.object) + " by " +
                 std::to_string(pool.over) + " " + unit_name(catalog(), id.unit, pool.over);
    raise({"over-quota",
           Severity::critical,
           known_since("over-quota"),
           {},
           "More is used than is licensed: " + which + ".",
           "Use less, or order an expansion and install it; `latchkey pool` has the figures."});
  }

  /// SPEC POOL-8: what only a term of the license lets be used.
  void tell_over_use() {
    for (const auto& [id, pool] : in_.standing.capacity.pools) {
      if (pool.tolerance == 0 || pool.over > 0 || pool.used + pool.lent <= pool.total + pool.drawn)
        continue;
      const auto name = "over-use:" + id.object + ":" + id.unit;
      raise({name,
             Severity::warning,
             known_since(name),
             {},
             "More of " + object_name(catalog(), id.object) +
                 " is used than is licensed; its license lets that pass up to a limit.",
             "Order an expansion and install it; `latchkey pool` has the figures."});
    }
  }

  void tell_low_water() {
    for (const auto& low : in_.low.first(std::min(in_.low.size(), kMaxLowWaterAlerts))) {
      const auto name = "low-water:" + low.consumer + ":" + low.pool.object + ":" + low.pool.unit;
      raise({name,
             Severity::warning,
             known_since(name),
             {},
             "Consumer " + low.consumer + " can get less than " + std::to_string(low.mark) + " " +
                 unit_name(catalog(), low.pool.unit, low.mark) + " of " +
                 object_name(catalog(), low.pool.object) + ".",
             "Reserve some for it (`latchkey consumer terms`), release what is not needed, or "
             "order an expansion."});
    }
  }

  void tell_upstream() {
    if (in_.upstream == nullptr) return;
    const auto& trouble = *in_.upstream;
    const bool over = now() >= trouble.good_until;
    raise({"license-server-disconnected", over ? Severity::critical : Severity::warning,
           trouble.since, over ? std::nullopt : std::optional(trouble.good_until),
           "The license server is disconnected: " + trouble.why.message +
               (over ? " What was drawn from it counts no more."
                     : " What was drawn from it counts for a grace period."),
           trouble.why.cure.empty()
               ? "Check the network and the server; `latchkey upstream` says what was tried."
               : trouble.why.cure});
  }

  void tell_peer() {
    if (!decision().peer_unreachable) return;
    Time since = now();
    for (const auto& fact : in_.facts)
      if (fact.node == in_.self && std::holds_alternative<PeerLost>(fact.body)) since = fact.at;
    raise({"peer-unreachable",
           Severity::warning,
           since,
           {},
           "The other node cannot be reached; its keys do not count here.",
           "Check that its agent runs and that the network between the nodes works: `latchkey "
           "peer`."});
  }

  void tell_store() {
    if (in_.store == nullptr) return;
    raise({in_.store->code,
           Severity::warning,
           known_since(in_.store->code),
           {},
           in_.store->message,
           "Free space on the agent's disk and check its health; the agent keeps trying."});
  }

  void tell_clock() {
    for (const auto& anomaly : in_.clock)
      raise({anomaly.code, Severity::warning, anomaly.since, {}, anomaly.text, anomaly.cure});
  }

  void tell_history() {
    for (const auto& fact : in_.facts) {
      const auto* warning = std::get_if<HistoryWarning>(&fact.body);
      if (warning == nullptr || fact.at + kHistoryAlertLife <= now()) continue;
      const auto name = in_.names.find(fact.node);
      raise({warning->code + ":" + fact.chain.substr(0, 8) + "-" + std::to_string(fact.seq),
             Severity::warning,
             fact.at,
             {},
             "Node " + (name == in_.names.end() ? fact.node : name->second) + " reports " +
                 warning->code + ": " + warning->detail + ".",
             "If nobody restored a database, find out who changed it: `latchkey record verify`, "
             "`latchkey record list`."});
    }
  }

  const AlertInput& in_;
  std::vector<Alert> out_;
};

}  // namespace

std::string_view to_string(Severity severity) {
  return kSeverities[static_cast<std::size_t>(severity)];
}

std::vector<Alert> alerts(const AlertInput& input) { return Teller(input).tell(); }

}  // namespace latchkey
