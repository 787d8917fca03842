#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/api/answer.h"
#include "agent/app/lease_answer.h"
#include "agent/app/lease_desk.h"

// What administrators see and decide (SPEC POOL-7, POOL-8). Their decisions are facts: both nodes
// follow them, and so does a node that comes back.
namespace latchkey {
namespace {

/// Slots that one page looks at, for a caller whose own leases are few.
constexpr LeaseLedger::Slot kSlotsPerPage = 100'000;

Error holds_nothing(const std::string& consumer) {
  return {"lease-unknown", "No lease of " + consumer + " is known here.",
          "`latchkey consumer list` says who holds what."};
}

}  // namespace

net::Response LeaseDesk::list(const net::Caller& caller, std::uint64_t after, std::size_t limit) {
  if (auto elsewhere = holder_.looks_elsewhere()) return *std::move(elsewhere);
  end_expired();
  ConsumerPage page;
  auto slot = static_cast<Slot>(std::min<std::uint64_t>(after, ledger_->slots()));
  const auto end = std::min<Slot>(ledger_->slots(), slot + kSlotsPerPage);
  for (; slot < end && page.size() < limit; ++slot)
    if (ledger_->occupied(slot) && (caller.rights.has(Right::view) || may_touch(caller, slot)))
      page.add(*ledger_, slot, times(slot));
  return std::move(page).answer(slot < ledger_->slots() ? slot : 0);
}

net::Response LeaseDesk::show(const net::Caller& caller, const std::string& consumer) {
  if (auto elsewhere = holder_.looks_elsewhere()) return *std::move(elsewhere);
  end_expired();
  const auto slot = ledger_->find(consumer);
  const auto terms = ledger_->terms().find(consumer);
  const bool held = slot != LeaseTable::kNone;
  if (!held && (terms == ledger_->terms().end() || !caller.rights.has(Right::view)))
    return error_answer(holds_nothing(consumer));
  if (held && !caller.rights.has(Right::view) && !may_touch(caller, slot))
    return error_answer({"not-owner", consumer + " was connected by somebody else.",
                         "Ask an administrator who that was."});
  const auto* set = terms == ledger_->terms().end() ? nullptr : &terms->second;
  if (held) return consumer_answer(*ledger_, slot, times(slot), set);
  return json_answer({{"consumer", consumer}, {"connected", false}, {"terms", terms_json(*set)}});
}

void LeaseDesk::force_release(const net::Caller& caller, const std::string& consumer,
                              const std::string& reason, net::Done done) {
  if (auto elsewhere = holder_.looks_elsewhere()) return done(*std::move(elsewhere));
  end_expired();
  const auto slot = ledger_->find(consumer);
  if (slot == LeaseTable::kNone) return done(error_answer(holds_nothing(consumer)));
  if (parts_.log.failing()) return done(error_answer(parts_.log.failure()));
  const auto version = ledger_->version(slot);
  LeaseReleased released{consumer, version.epoch, version.number, {}, caller.name, reason};
  for (auto& item : ledger_->lease(slot).usage) released.usage.emplace(item.pool, item.quantity);
  auto answer =
      json_answer({{"consumer", consumer}, {"released", quantities_json(released.usage)}});
  parts_.log.witness([&](Witness& w, Time now) { w.lease_released(now, std::move(released)); });
  parts_.log.when_durable([this, done = std::move(done), answer = std::move(answer)]() mutable {
    take_facts();
    journal_.answer_when_durable(std::move(done), std::move(answer));
  });
}

void LeaseDesk::set_terms(const net::Caller& caller, const std::string& consumer,
                          ConsumerTerms terms, net::Done done) {
  if (parts_.log.failing()) return done(error_answer(parts_.log.failure()));
  auto answer = json_answer({{"consumer", consumer}, {"terms", terms_json(terms)}});
  ConsumerTermsSet set{consumer, std::move(terms.reserve), std::move(terms.cap),
                       std::move(terms.low_water), caller.name};
  parts_.log.witness([&](Witness& w, Time now) { w.consumer_terms(now, std::move(set)); });
  parts_.log.when_durable([this, done = std::move(done), answer = std::move(answer)]() mutable {
    take_facts();
    done(std::move(answer));
  });
}

/// What was decided since the last look, here or on the other node.
void LeaseDesk::take_facts() {
  bool terms_changed = false;
  for (const auto& fresh : parts_.log.facts().news(facts_seen_)) {
    const auto& body = fresh.stored.fact.body;
    holder_.learn(fresh.stored.fact);
    terms_changed = terms_changed || std::holds_alternative<ConsumerTermsSet>(body);
    const auto* released = std::get_if<LeaseReleased>(&body);
    if (released == nullptr) continue;
    const auto slot = ledger_->find(released->consumer);
    if (slot == LeaseTable::kNone ||
        ledger_->version(slot) > LeaseVersion{released->epoch, released->version})
      continue;
    holder_.released(slot);
    ledger_->release(released->consumer);
    note_change();
    journal_.gathered();
  }
  holder_.look();
  if (terms_changed) take_terms();
}

void LeaseDesk::take_terms() {
  TermsByConsumer terms;
  for (const auto& fact : parts_.log.view().facts())
    if (const auto* set = std::get_if<ConsumerTermsSet>(&fact.body))
      terms[set->consumer] = {set->reserve, set->cap, set->low_water};
  std::erase_if(terms, [](const auto& one) { return one.second.empty(); });
  ledger_->set_terms(std::move(terms));
  note_change();
}

}  // namespace latchkey
