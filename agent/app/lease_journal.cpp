#include "agent/app/lease_journal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "agent/store/lease_audit.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

constexpr std::chrono::milliseconds kRetry{1000};
/// A journal is cut when it is longer than this and than twice the leases: the start reads it all,
/// and cutting it at so much writes each change twice.
constexpr std::size_t kLongJournal = 1 << 20;
constexpr std::size_t kRowsPerCut = 64;
/// Leases said anew in one row, by the changes in it: a lone change must not wait for many.
constexpr std::size_t kRestatedPerChange = 4, kLeastRestated = 16, kMostRestated = 512;

Result<SipKey> hashing_key(const FillRandom& random) {
  std::array<std::uint8_t, sizeof(SipKey)> bytes{};
  if (!random(bytes)) return fail("no-random", "the system gives no random numbers");
  return std::bit_cast<SipKey>(bytes);
}

net::Response store_failed(const Error& error) {
  return net::problem(503, {"store-failed", "Nothing was changed: " + error.message + ".",
                            error.cure.empty() ? "Try again." : "Try again; " + error.cure + "."});
}

}  // namespace

Result<LoadedLeases> load_leases(Database& database, const FillRandom& random) {
  LK_TRY(const auto hashing, hashing_key(random));
  LoadedLeases loaded;
  loaded.ledger = std::make_unique<LeaseLedger>(hashing);
  LeaseAudit audit;
  LK_CHECK(database.load_leases([&](std::uint64_t position, ByteView changes, bool sound) {
    audit.take(position, sound);
    loaded.bytes += changes.size();
    if (!sound) return;
    if (const auto read = loaded.ledger->load(changes); !read)
      audit.cannot_be_read(read.error().message);
  }));
  loaded.oldest = audit.oldest();
  loaded.next = audit.next();
  if (audit.report().faults != 0) loaded.damage = audit.report().told.front();
  return loaded;
}

LeaseJournal::LeaseJournal(Reactor& reactor, FactStore& store, LeaseLedger& ledger,
                           const LoadedLeases& loaded, std::function<void()> failed)
    : reactor_(reactor),
      store_(store),
      ledger_(ledger),
      failed_(std::move(failed)),
      retry_(reactor.alarm()),
      next_(loaded.next),
      oldest_(loaded.oldest),
      round_due_(!loaded.damage.empty()),
      bytes_(loaded.bytes) {}

void LeaseJournal::answer_when_durable(net::Done done, net::Response answer) {
  if (!ledger_.clean()) {
    open_.push_back({std::move(done), std::move(answer)});
    return commit_soon();
  }
  // What it is about may still be on its way.
  if (ledger_.sealed()) return sealed_.push_back({std::move(done), std::move(answer)});
  done(std::move(answer));
}

/// After the other requests of this turn of the reactor.
void LeaseJournal::commit_soon() {
  if (ledger_.sealed() || std::exchange(soon_, true)) return;
  reactor_.post([self = std::weak_ptr(self_)] {
    const auto journal = self.lock();
    if (!journal) return;
    (*journal)->soon_ = false;
    if (!(*journal)->ledger_.sealed() && !(*journal)->ledger_.clean()) (*journal)->commit();
  });
}

/// True when the row that is being made ends a round.
bool LeaseJournal::restate(std::size_t changes) {
  const auto enough = std::max(kLongJournal, 2 * ledger_.restated_bytes());
  if (round_start_ == 0) {
    if (!std::exchange(round_due_, false) && bytes_ < enough) return false;
    round_start_ = next_;
    round_bytes_ = 0;
  }
  return ledger_.restate(std::clamp(changes * kRestatedPerChange, kLeastRestated, kMostRestated));
}

void LeaseJournal::commit() {
  ends_round_ = restate(open_.size());
  auto changes = ledger_.seal();
  sealed_ = std::exchange(open_, {});
  row_bytes_ = changes.size();
  row_drops_ = oldest_ < drop_to_ ? std::min(drop_to_, oldest_ + kRowsPerCut) : 0;
  store_.append_leases({next_, std::move(changes), row_drops_},
                       [self = std::weak_ptr(self_)](const Result<void>& outcome) {
                         if (const auto journal = self.lock()) (*journal)->written(outcome);
                       });
}

void LeaseJournal::written(const Result<void>& outcome) {
  if (!outcome) return refused(outcome.error());
  ++commits_.done;
  ledger_.commit();
  ++next_;
  oldest_ = std::max(oldest_, row_drops_);
  bytes_ += row_bytes_;
  if (round_start_ != 0) round_bytes_ += row_bytes_;
  if (ends_round_) {
    drop_to_ = std::exchange(round_start_, 0);
    bytes_ = round_bytes_;
  }
  took(std::exchange(sealed_, {}));
}

void LeaseJournal::took(Debts debts) {
  // The disk does not wait for the answers.
  if (!ledger_.clean()) commit();
  for (auto& owed : debts) owed.done(std::move(owed.answer));
  if (!std::exchange(failing_, false)) return;
  log::info(log::names::kStoreRecovered, {{"what", "leases"}});
  failed_();
}

/// Who waits for either batch is told that nothing came of it.
void LeaseJournal::refused(const Error& error) {
  ++commits_.refused;
  ledger_.roll_back();
  auto debts = std::exchange(sealed_, {});
  std::ranges::move(std::exchange(open_, {}), std::back_inserter(debts));
  failure_ = error;
  if (!std::exchange(failing_, true))
    log::error(log::names::kStoreFailing,
               {{"what", "leases"}, {"code", error.code}, {"detail", error.message}});
  retry_->set(kRetry, [this] {
    if (failing_ && !ledger_.sealed()) commit();
  });
  for (const auto& owed : debts) owed.done(store_failed(error));
  failed_();
}

}  // namespace latchkey
