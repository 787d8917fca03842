#include "agent/app/holder_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/answer.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;
using Whose = LeaseHolder::Whose;

std::string_view to_string(Whose whose) {
  switch (whose) {
    case Whose::nobody:
      return "nobody";
    case Whose::ours:
      return "this-node";
    case Whose::in_doubt:
      return "in-doubt";
    case Whose::theirs:
      return "other-node";
  }
  return "";
}

}  // namespace

HolderDesk::HolderDesk(Parts parts)
    : parts_(std::move(parts)),
      holder_(parts_.node, !parts_.vip.empty()),
      giver_(parts_.ledger),
      taker_(parts_.ledger),
      recovered_(parts_.reactor.alarm()),
      again_(parts_.reactor.alarm()) {}

// --- what happens

void HolderDesk::learn(const Fact& fact) {
  const auto* taken = std::get_if<LeasesTaken>(&fact.body);
  if (taken == nullptr) return;
  holder_.set_peer(parts_.log.view().peer(), now());
  holder_.own_ttl(parts_.ledger.longest_ttl());
  holder_.learn({taken->epoch, fact.node}, now());
}

void HolderDesk::look() {
  holder_.set_peer(parts_.log.view().peer(), now());
  if (holder_.should_take()) take("vip", {});
  if (acted_on_ != holder_.strongest()) holder_changed();
  give();
}

bool HolderDesk::take(const char* cause, const std::string& by) {
  const auto epoch = holder_.take();
  if (!epoch) return false;
  parts_.log.witness([&](Witness& w, Time at) {
    w.leases_taken(at, LeasesTaken{*epoch, cause, by});
  });
  return true;
}

void HolderDesk::holder_changed() {
  acted_on_ = holder_.strongest();
  log::info(log::names::kLeaseHolder,
            {{"epoch", std::to_string(acted_on_.epoch)}, {"node", acted_on_.node}});
  giver_.stop();
  taker_.forget_released();
  if (acted_on_.node == parts_.node) {
    parts_.ledger.begin_epoch(acted_on_.epoch);
    parts_.ledger.count_from(parts_.version());
    claim();
  }
  parts_.beat();
  wait_for_recovery();
  parts_.changed();
}

void HolderDesk::wait_for_recovery() {
  const auto until = holder_.recovering(now());
  if (!until) return recovered_->cancel();
  recovered_->set(std::chrono::seconds(*until - now()), [this] {
    taker_.forget_released();
    parts_.changed();
  });
}

void HolderDesk::set_linked(bool linked) {
  holder_.set_linked(linked, now());
  look();
  if (linked) claim();
  parts_.changed();
}

void HolderDesk::set_address_seen(bool seen) {
  holder_.set_address_seen(seen);
  log::info(log::names::kVirtualAddress, {{"address", parts_.vip}, {"here", seen ? "yes" : "no"}});
  parts_.beat();
  look();
}

void HolderDesk::saw_token(const Lease& lease) {
  holder_.own_ttl(std::max(parts_.ledger.longest_ttl(), lease.ttl_s));
  if (lease.version.epoch <= holder_.strongest().epoch) return;
  holder_.learn_epoch(lease.version.epoch, now());
  look();
}

void HolderDesk::released(LeaseLedger::Slot slot) {
  if (recovering())
    taker_.released(std::string(parts_.ledger.consumer(slot)), parts_.ledger.version(slot));
}

// --- what may be done

std::optional<net::Response> HolderDesk::misdirected() const {
  const auto whose = holder_.whose();
  if (whose == Whose::ours || (whose == Whose::nobody && holder_.may_be_first()))
    return std::nullopt;
  return not_holder();
}

std::optional<net::Response> HolderDesk::looks_elsewhere() const {
  if (holder_.whose() != Whose::theirs) return std::nullopt;
  return not_holder();
}

net::Response HolderDesk::not_holder() const {
  const auto node = nobody() ? std::string() : holder_.holder();
  const auto name = node.empty() ? std::string() : name_of(node, parts_.names());
  const bool watches = !parts_.vip.empty();
  const auto message = [&]() -> std::string {
    if (nobody())
      return "Nobody keeps the leases yet: this node waits for " +
             (watches ? "the virtual address " + parts_.vip : "the link to the other node") + ".";
    if (name.empty()) return "This node does not keep the leases.";
    return "The leases are kept by node " + name + ", not by this one.";
  };
  return net::problem(
      421,
      {"not-holder", message(),
       watches ? "Ask at the virtual address " + parts_.vip + "."
               : "Ask the other node; an administrator moves the leases here with `latchkey server "
                 "take-over`."},
      {{"holder", {{"node", node}, {"name", name}}}, {"epoch", holder_.strongest().epoch}});
}

bool HolderDesk::take_first(std::function<void()> then) {
  if (!holder_.may_be_first() || (!take("first", {}) && !holder_.taking())) return false;
  parts_.log.when_durable(std::move(then));
  return true;
}

std::optional<Error> HolderDesk::growth_denied() const {
  if (!recovering()) return std::nullopt;
  return Error{"recovering",
               "This node has just taken over the leases and waits for what was granted before.",
               "Try again in a few seconds, with the token of the last answer if there is one."};
}

std::uint32_t HolderDesk::retry_after() const {
  const auto until = holder_.recovering(now());
  return !until || holder_.linked() ? 1 : std::min<std::uint32_t>(*until - now(), 10);
}

const LeaseFigures* HolderDesk::elsewhere() const {
  const auto& figures = holder_.peer_figures();
  const bool theirs = holder_.whose() == Whose::theirs;
  return theirs && figures.epoch == holder_.strongest().epoch ? &figures : nullptr;
}

// --- administrators

void HolderDesk::take_over(const std::string& by, bool force, net::Done done) {
  if (parts_.log.failing()) return done(net::problem(503, parts_.log.failure()));
  if (ours()) return done(json_answer(show()));
  if (holder_.paired() && !holder_.linked() && !force)
    return done(net::problem(
        409, {"holder-unreachable",
              "The other node cannot be asked for its leases, and may still be granting.",
              "Make sure that it is down, then add --force."}));
  if (!take("administrator", by))
    return done(net::problem(409, {"holder-changing", "Another taking is under way.",
                                   "Look at `latchkey server show`, then try again."}));
  parts_.log.when_durable([this, done = std::move(done)] {
    look();
    done(json_answer(show()));
  });
}

Json HolderDesk::show() const {
  const auto whose = holder_.whose();
  const auto until = holder_.recovering(now());
  const auto node = whose == Whose::nobody ? std::string() : holder_.strongest().node;
  Json out{{"state", to_string(whose)},
           {"epoch", holder_.strongest().epoch},
           {"node", node},
           {"name", node.empty() ? node : name_of(node, parts_.names())},
           {"recovering_s", until && ours() ? *until - now() : 0U},
           {"leases", elsewhere() != nullptr ? elsewhere()->leases : parts_.ledger.size()},
           {"vip", nullptr}};
  if (holder_.watches_address())
    out["vip"] = {{"address", parts_.vip}, {"here", holder_.sees_address()}};
  return out;
}

}  // namespace latchkey
