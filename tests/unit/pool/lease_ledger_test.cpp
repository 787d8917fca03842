#include "core/pool/lease_ledger.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/pools.h"

namespace latchkey {
namespace {

using test::kKvm;
const PoolId kVmware{"vmware", "cpu-socket"};
const PoolId kHost{"kvm", "host"};

std::optional<Error> allow(const std::string&) { return std::nullopt; }

class LeaseLedgerTest : public testing::Test {
 protected:
  LeaseLedgerTest() { license({{kKvm, 10}, {kVmware, 2}, {kHost, 3}}); }

  void license(const Quantities& quantities, std::uint64_t tolerance = 0) {
    Capacity capacity;
    for (const auto& [id, quantity] : quantities) {
      auto& pool = capacity.pools[id];
      pool.total = quantity;
      pool.tolerance = tolerance;
      if (id == kVmware) pool.draws_on = "kvm";
    }
    ledger_.set_limits(capacity);
  }

  /// `done`, `same`, or the code of the refusal.
  std::string put(std::string_view consumer, std::vector<UsageItem> usage,
                  std::uint64_t request = 0, std::string_view owner = "root",
                  std::uint32_t ttl = 60) {
    const auto outcome = ledger_.put({consumer, owner, false, usage, ttl, request}, now_, policy_);
    if (!outcome) return outcome.error().error.code;
    return *outcome ? "done" : "same";
  }
  std::uint64_t used(const PoolId& pool) const {
    const auto usage = ledger_.accounts().usage();
    const auto found = usage.find(pool);
    return found == usage.end() ? 0 : found->second;
  }
  void commit() {
    if (ledger_.clean()) return;
    journal_.push_back(ledger_.seal());
    ledger_.commit();
  }

  LeaseLedger ledger_;
  LeaseLedger::Policy policy_ = allow;
  std::uint32_t now_ = 1000;
  std::vector<Bytes> journal_;
};

// SPEC POOL-3: absolute, idempotent, all or nothing; POOL-5: reductions always.
TEST_F(LeaseLedgerTest, TakesWholeStatementsOrNothing) {
  const struct {
    const char* consumer;
    std::vector<UsageItem> usage;
    std::uint64_t request;
    const char* outcome;
    std::uint64_t kvm, host;  // used afterwards
  } rows[] = {
      {"a", {}, 0, "done", 0, 0},
      {"a", {}, 0, "same", 0, 0},
      {"a", {{kKvm, 4}, {kHost, 1}}, 7, "done", 4, 1},
      {"a", {{kHost, 1}, {kKvm, 4}}, 0, "same", 4, 1},
      {"a", {{kKvm, 9}}, 7, "same", 4, 1},
      {"b", {{kKvm, 6}}, 7, "done", 10, 1},
      {"c", {{kHost, 1}, {kKvm, 1}}, 0, "capacity-exhausted", 10, 1},
      {"c", {{kHost, 2}}, 0, "done", 10, 3},
      {"a", {{kHost, 2}, {kKvm, 3}}, 0, "capacity-exhausted", 10, 3},
      {"a", {{kHost, 0}, {kKvm, 3}}, 0, "done", 9, 2},
      {"d", {{{"nobody", "vm"}, 1}}, 0, "capacity-exhausted", 9, 2},
      {"d", {{{"nobody", "vm"}, 0}}, 0, "done", 9, 2},
      {"b", {}, 0, "done", 3, 2},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(put(row.consumer, row.usage, row.request), row.outcome) << row.consumer;
    EXPECT_EQ(used(kKvm), row.kvm);
    EXPECT_EQ(used(kHost), row.host);
  }
}

// SPEC LIC-12: with its own pool exhausted VMware draws on KVM's.
TEST_F(LeaseLedgerTest, DrawsOnAnotherPool) {
  EXPECT_EQ(put("a", {{kVmware, 12}}), "done");
  EXPECT_EQ(put("b", {{kKvm, 1}}), "capacity-exhausted") << "all of it is drawn";
  EXPECT_EQ(put("a", {{kVmware, 5}}), "done");
  EXPECT_EQ(put("b", {{kKvm, 8}}), "capacity-exhausted");
  EXPECT_EQ(put("b", {{kKvm, 7}}), "done");
  EXPECT_EQ(put("c", {{kVmware, 1}}), "capacity-exhausted");
}

// SPEC POOL-6: nobody is evicted when a license ends.
TEST_F(LeaseLedgerTest, KeepsWhatALicenseNoLongerCovers) {
  EXPECT_EQ(put("a", {{kKvm, 8}}), "done");
  license({{kKvm, 4}});
  EXPECT_EQ(used(kKvm), 8u);
  EXPECT_EQ(put("a", {{kKvm, 8}}), "same");
  EXPECT_EQ(put("a", {{kKvm, 9}}), "capacity-exhausted");
  EXPECT_EQ(put("a", {{kKvm, 6}}), "done") << "a reduction, though it still is too much";
}

// SPEC POOL-8: over-use only as the license grants it.
TEST_F(LeaseLedgerTest, LetsATermOfTheLicenseBeUsed) {
  license({{kKvm, 10}}, 2);
  EXPECT_EQ(put("a", {{kKvm, 13}}), "capacity-exhausted");
  EXPECT_EQ(put("a", {{kKvm, 12}}), "done");
}

// SPEC POOL-8
TEST_F(LeaseLedgerTest, KeepsReservationsAndCaps) {
  ledger_.set_terms({{"big", {{{kKvm, 6}}, {}, {}}}, {"small", {{}, {{kKvm, 2}}, {}}}});
  EXPECT_EQ(put("other", {{kKvm, 5}}), "capacity-exhausted");
  EXPECT_EQ(put("other", {{kKvm, 4}}), "done");
  EXPECT_EQ(ledger_.available_to("other", kKvm), 0u);
  EXPECT_EQ(ledger_.available_to("big", kKvm), 6u);
  EXPECT_EQ(put("big", {{kKvm, 7}}), "capacity-exhausted");
  EXPECT_EQ(put("big", {{kKvm, 6}}), "done");
  EXPECT_EQ(put("big", {{kKvm, 1}}), "done");
  EXPECT_EQ(put("other", {{kKvm, 5}}), "capacity-exhausted")
      << "what it gave back is still its own";
  EXPECT_EQ(put("other", {}), "done");
  EXPECT_EQ(put("small", {{kKvm, 3}}), "over-cap");
  EXPECT_EQ(put("small", {{kKvm, 2}}), "done");
  EXPECT_EQ(ledger_.available_to("small", kKvm), 0u);
  ledger_.set_terms({});
  EXPECT_EQ(put("other", {{kKvm, 7}}), "done") << "nothing is reserved any more";
}

// SPEC SEC-2: a consumer's lease is its owner's.
TEST_F(LeaseLedgerTest, IsTouchedByItsOwnerAlone) {
  EXPECT_EQ(put("a", {{kKvm, 1}}, 0, "uid:1"), "done");
  EXPECT_EQ(put("a", {}, 0, "uid:2"), "not-owner");
  const std::vector<UsageItem> two{{kKvm, 2}};
  EXPECT_TRUE(ledger_.put({"a", "root", true, two, 60, 0}, now_, allow));
  EXPECT_EQ(ledger_.owner(ledger_.find("a")), "uid:1") << "an administrator does not take it over";
}

// SPEC QUOTA-2: over quota or unlicensed, whatever there is: no more, but less.
TEST_F(LeaseLedgerTest, AsksThePolicyForIncreasesAlone) {
  EXPECT_EQ(put("a", {{kKvm, 4}}), "done");
  policy_ = [](const std::string& object) { return Error{"denied", object, ""}; };
  EXPECT_EQ(put("a", {{kKvm, 5}}), "denied");
  EXPECT_EQ(put("b", {{{"nobody", "vm"}, 1}}), "denied");
  EXPECT_EQ(put("a", {{kKvm, 4}}), "same");
  EXPECT_EQ(put("a", {{kKvm, 2}, {kHost, 1}}), "denied");
  EXPECT_EQ(put("a", {{kKvm, 2}}), "done");
  EXPECT_EQ(put("b", {}), "done") << "to connect is no increase";
}

// SPEC POOL-4: to the second; heartbeats, and statements that change nothing, begin it anew.
TEST_F(LeaseLedgerTest, EndsLeasesAfterTheirTtl) {
  EXPECT_EQ(put("a", {{kKvm, 1}}, 0, "root", 10), "done");
  EXPECT_EQ(put("b", {{kKvm, 2}}, 0, "root", 10), "done");
  EXPECT_EQ(put("c", {{kKvm, 4}}, 0, "root", 86'400), "done");
  commit();
  EXPECT_EQ(ledger_.next_expiry(), 1010u);
  EXPECT_EQ(ledger_.expire(1009, 9), 0u);
  EXPECT_TRUE(ledger_.heartbeat("a", 1009));
  EXPECT_EQ(ledger_.expire(1010, 9), 1u);
  EXPECT_EQ(used(kKvm), 5u);
  EXPECT_FALSE(ledger_.heartbeat("b", 1010));
  EXPECT_EQ(ledger_.next_expiry(), 1019u);
  now_ = 1018;
  EXPECT_EQ(put("a", {{kKvm, 1}}, 0, "root", 10), "same");
  EXPECT_EQ(ledger_.expire(1027, 9), 0u);
  EXPECT_EQ(ledger_.expire(1028, 9), 1u);
  EXPECT_EQ(put("c", {{kKvm, 4}}, 0, "root", 10), "done") << "a shorter TTL counts at once";
  commit();
  EXPECT_EQ(ledger_.expire(1028, 9), 1u);
  EXPECT_EQ(used(kKvm), 0u);
}

// SPEC POOL-4: no false acknowledgement, and no leak. A lease that ended stays ended.
TEST_F(LeaseLedgerTest, UndoesWhatTheDiskRefused) {
  put("old", {{kKvm, 3}});
  put("gone", {{kKvm, 2}}, 0, "root", 10);
  commit();
  const auto before = ledger_.lease(ledger_.find("old"));
  EXPECT_EQ(ledger_.expire(1010, 9), 1u);
  put("old", {{kKvm, 1}, {kHost, 1}});
  put("new", {{kKvm, 5}});
  ledger_.seal();
  ledger_.release("old");
  put("old", {{kHost, 3}}, 9, "somebody else");
  put("new", {{kKvm, 6}});
  ledger_.roll_back();
  EXPECT_EQ(ledger_.lease(ledger_.find("old")), before);
  EXPECT_EQ(ledger_.find("new"), LeaseTable::kNone);
  EXPECT_EQ(ledger_.find("gone"), LeaseTable::kNone);
  EXPECT_EQ(used(kKvm), 3u);
  EXPECT_EQ(used(kHost), 0u);
  EXPECT_FALSE(ledger_.clean()) << "that a lease ended is still to be written";
  commit();
  LeaseLedger again;
  for (const auto& row : journal_) ASSERT_TRUE(again.load(row));
  EXPECT_EQ(again.size(), 1u);
}

// SPEC POOL-4: after a restart every lease gets one full TTL, and versions count on.
TEST_F(LeaseLedgerTest, ComesBackFromItsJournal) {
  put("a", {{kKvm, 3}, {kHost, 1}}, 77, "uid:7", 30);
  put("b", {{kKvm, 1}});
  commit();
  put("b", {{kKvm, 2}});
  ledger_.release("a");
  put("a", {{kKvm, 4}}, 78, "uid:7", 30);
  commit();
  LeaseLedger again;
  for (const auto& row : journal_) ASSERT_TRUE(again.load(row));
  again.loaded(5);
  EXPECT_EQ(again.accounts().usage(), ledger_.accounts().usage());
  EXPECT_EQ(again.lease(again.find("a")), ledger_.lease(ledger_.find("a")));
  EXPECT_EQ(again.expires(again.find("a")), 35u);
  EXPECT_TRUE(again.put({"c", "root", false, {}, 60, 0}, 5, allow));
  EXPECT_GT(again.version(again.find("c")), ledger_.version(ledger_.find("a")));
}

// SPEC SRV-4: the old holder granted more, and its answer was lost; the consumer said anew to the
// new one what it has. When the old one's leases come, that stands.
TEST_F(LeaseLedgerTest, CountsWhatWasSaidToTheNewHolder) {
  put("a", {{kKvm, 2}});
  const Lease known = ledger_.lease(ledger_.find("a"));
  put("a", {{kKvm, 4}});
  const Lease unanswered = ledger_.lease(ledger_.find("a"));
  ledger_.release("a");
  ledger_.begin_epoch(2);
  EXPECT_EQ(ledger_.adopt(known, now_), LeaseLedger::Adopted::yes);
  EXPECT_EQ(put("a", {{kKvm, 2}}), "done");
  EXPECT_EQ(put("a", {{kKvm, 2}}), "same");
  EXPECT_EQ(ledger_.adopt(unanswered, now_), LeaseLedger::Adopted::known);
  EXPECT_EQ(used(kKvm), 2u);
}

// The rows before a whole round of restating are not needed.
TEST_F(LeaseLedgerTest, IsSaidAnewInSlices) {
  license({{kKvm, 1'000'000}});
  const auto name = [](int number) { return "c" + std::to_string(number); };
  for (int i = 0; i < 100; ++i) put(name(i), {{kKvm, static_cast<std::uint64_t>(i)}});
  commit();
  journal_.clear();
  for (int i = 0; !ledger_.restate(7); ++i) {
    if (i % 2 == 0) put(name(i), {{kKvm, 1000}});
    if (i % 3 == 0) ledger_.release(name(99 - i));
    if (i == 5) {  // the disk refuses once: the slice is said again
      ledger_.seal();
      ledger_.roll_back();
    }
    commit();
  }
  commit();
  LeaseLedger again;
  for (const auto& row : journal_) ASSERT_TRUE(again.load(row));
  EXPECT_EQ(again.size(), ledger_.size());
  EXPECT_EQ(again.accounts().usage(), ledger_.accounts().usage());
}

// The journal is cut by this estimate: one that were too low would have it said anew for ever.
TEST_F(LeaseLedgerTest, EstimatesARoundOfRestating) {
  license({{kKvm, 1'000'000}, {kHost, 1'000'000}});
  const auto round = [&] {
    while (!ledger_.restate(64)) {
    }
    const auto bytes = ledger_.seal().size();
    ledger_.commit();
    return bytes;
  };
  const std::vector<UsageItem> none, two{{kKvm, 100'000}, {kHost, 1}};
  for (const auto& usage : {none, two}) {
    for (const std::size_t padding : {0, 55}) {
      for (const std::uint64_t request : {0ULL, ~0ULL}) {
        ledger_.count_from(std::uint64_t{1} << 51);
        for (int i = 0; i < 5; ++i)
          EXPECT_EQ(put("c" + std::to_string(i) + std::string(padding, 'x'), usage, request),
                    "done");
        commit();
        EXPECT_LT(round(), ledger_.restated_bytes() * 3 / 2);
        EXPECT_GT(round() * 3, ledger_.restated_bytes());
        for (int i = 0; i < 5; ++i)
          ledger_.release("c" + std::to_string(i) + std::string(padding, 'x'));
        commit();
        EXPECT_EQ(ledger_.restated_bytes(), 0u);
      }
    }
  }
}

// SEC-3: cut or changed rows are refused, and count as far as they go.
TEST_F(LeaseLedgerTest, ReadsDamagedRowsAsFarAsTheyGo) {
  put("a", {{kKvm, 3}});
  put("b", {{kKvm, 1}});
  const auto row = ledger_.seal();
  ledger_.commit();
  std::set<std::size_t> sizes;
  for (std::size_t size = 0; size < row.size(); ++size) {
    LeaseLedger cut;
    static_cast<void>(cut.load(ByteView(row).first(size)));
    sizes.insert(cut.size());
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{0, 1}));
  for (std::size_t at = 0; at < row.size(); ++at) {
    auto changed = row;
    changed[at] ^= 0xff;
    LeaseLedger any;
    static_cast<void>(any.load(changed));
  }
}

TEST(ConsumerId, IsPlain) {
  for (const auto* good : {"a", "vm-1", "0", "a.b_c:d-e", "A9"}) EXPECT_TRUE(is_consumer_id(good));
  EXPECT_TRUE(is_consumer_id(std::string(64, 'x')));
  for (const auto* bad : {"", "-a", ".a", "a b", "a/b", "a\n", "ä", "a\""})
    EXPECT_FALSE(is_consumer_id(bad)) << bad;
  EXPECT_FALSE(is_consumer_id(std::string(65, 'x')));
}

}  // namespace
}  // namespace latchkey
