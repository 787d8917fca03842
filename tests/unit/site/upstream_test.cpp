#include "core/site/upstream.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/license/envelope.h"
#include "core/pool/capacity.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;

const PoolId kKvm{"kvm", "cpu-socket"}, kVmware{"vmware", "cpu-socket"};
constexpr Time kStart{std::chrono::milliseconds(1767225600000)};  // 2026-01-01
const std::string kIdentity(16, '1');

/// An upstream, and what it signs.
struct Granting {
  PrivateKey key = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  SiteGrant grant{deployment_id(key.public_key()),
                  {std::string(64, 'b')},
                  site_consumer(kIdentity),
                  std::string(32, '0'),
                  kStart,
                  600,
                  {{kKvm, {8, EntryKind::base, kStart + 100 * kDay}},
                   {kVmware, {0, EntryKind::module, kStart + 50 * kDay}}}};

  UpstreamConnected connected() const {
    return {{"https://hq:8201"},
            std::string(64, 'c'),
            "",
            "PEM\n",
            kIdentity,
            std::string(16, '2'),
            to_base64(key.public_key().der()),
            "root"};
  }
  UpstreamHeld held(Quantities quantities, std::uint32_t left_s) const {
    return {seal_grant(grant, key).value(), std::move(quantities), left_s};
  }
};

UpstreamState fold(const std::vector<std::pair<Time, UpstreamFact>>& facts) {
  UpstreamFold fold;
  for (const auto& [at, fact] : facts) fold.apply(at, fact);
  return fold.state();
}

TEST(SiteGrant, SurvivesTheRoundTripAndNoChange) {  // SPEC SRV-3, SEC-3
  const Granting hq;
  const auto sealed = seal_grant(hq.grant, hq.key).value();
  EXPECT_EQ(open_grant(sealed, hq.key.public_key()).value(), hq.grant);
  const Granting other;
  EXPECT_EQ(open_grant(sealed, other.key.public_key()).error().code, "signature-invalid");
  const auto as_another_type = make_envelope("text/plain", "{}", std::span(&hq.key, 1)).value();
  EXPECT_EQ(open_grant(as_another_type, hq.key.public_key()).error().code, "signature-invalid");
  for (const char* payload :
       {"", "[]", "{}", R"({"deployment":1})", R"({"deployment":"x","chain":[[[[]]]]})"})
    EXPECT_EQ(parse_grant(as_bytes(payload)).error().code, "invalid-format") << payload;
  const auto envelope = parse_envelope(as_bytes(sealed)).value();
  auto json = nlohmann::json::parse(as_text(envelope.payload));
  json["pools"].push_back(json["pools"][0]);
  EXPECT_FALSE(parse_grant(as_bytes(json.dump())));
  json["pools"].erase(2);
  json["grace_s"] = 86'401;
  EXPECT_FALSE(parse_grant(as_bytes(json.dump()))) << "no grace is longer than a lease";
}

TEST(UpstreamFold, CountsWhatIsHeldUntilTheGraceIsOver) {  // SPEC SRV-3
  const Granting hq;
  const Error why{"server-unreachable", "gone", ""};
  const UpstreamLost lost{why.code, why.message, "", 500};
  struct Row {
    const char* what;
    std::vector<std::pair<Time, UpstreamFact>> facts;
    Quantities held;
    Time good_until;
    bool is_lost;
  };
  const Quantities all{{kKvm, 8}};
  const std::vector<Row> rows{
      {"nothing yet", {{kStart, hq.connected()}}, {}, Time{}, false},
      {"a grant",
       {{kStart, hq.connected()}, {kStart + 1s, hq.held(all, 599)}},
       all,
       kStart + 600s,
       false},
      {"less than the grant",
       {{kStart, hq.connected()}, {kStart, hq.held({{kKvm, 3}}, 600)}},
       {{kKvm, 3}},
       kStart + 600s,
       false},
      {"never more, and never for longer",
       {{kStart, hq.connected()}, {kStart, hq.held({{kKvm, 9}, {{"kvm", "host"}, 1}}, 9999)}},
       all,
       kStart + 600s,
       false},
      {"lost: what was left then",
       {{kStart, hq.connected()}, {kStart, hq.held(all, 600)}, {kStart + 300s, lost}},
       all,
       kStart + 800s,
       true},
      {"found again",
       {{kStart, hq.connected()},
        {kStart, hq.held(all, 600)},
        {kStart + 300s, lost},
        {kStart + 400s, hq.held(all, 600)}},
       all,
       kStart + 1000s,
       false},
      {"held before it was connected", {{kStart, hq.held(all, 600)}}, {}, Time{}, false},
      {"signed by somebody else",
       {{kStart, hq.connected()}, {kStart, Granting().held(all, 600)}},
       {},
       Time{},
       false},
      {"left",
       {{kStart, hq.connected()},
        {kStart, hq.held(all, 600)},
        {kStart, UpstreamDisconnected{"root"}}},
       {},
       Time{},
       false},
  };
  for (const auto& row : rows) {
    const auto state = fold(row.facts);
    EXPECT_EQ(state.held, row.held) << row.what;
    EXPECT_EQ(state.good_until, row.good_until) << row.what;
    EXPECT_EQ(state.lost.has_value(), row.is_lost) << row.what;
  }
}

TEST(UpstreamFold, AGrantForAnotherSiteIsNone) {
  Granting hq;
  hq.grant.site = "site:ffffffffffffffff";
  EXPECT_FALSE(fold({{kStart, hq.connected()}, {kStart, hq.held({{kKvm, 8}}, 600)}}).grant);
}

// SPEC LIC-9, POOL-6: the same three capacities as everybody sees them.
TEST(UpstreamCapacity, IsUnavailableAndThenGone) {
  const Granting hq;
  const auto state = fold({{kStart, hq.connected()}, {kStart, hq.held({{kKvm, 8}}, 600)}});
  const auto catalog = default_catalog();
  struct Row {
    Time now;
    bool lost;
    const char *kvm, *pool;
    std::uint64_t total;
    bool usable;
  };
  for (const auto& [now, lost, kvm, pool, total, usable] : std::vector<Row>{
           {kStart + 1s, false, "valid", "ok", 8, true},
           {kStart + 599s, true, "server-unavailable", "server-unavailable", 8, true},
           {kStart + 600s - Duration(1), true, "server-unavailable", "server-unavailable", 8, true},
           {kStart + 600s, true, "server-lost", "over-quota", 0, false},
           {kStart + 600s, false, "server-lost", "over-quota", 0, false},
           {kStart + 100 * kDay, true, "expired", "over-quota", 0, false},
       }) {
    Decision decision;
    decision.at = now;
    const auto entitled = entitle(decision, {catalog,
                                             "dd",
                                             {},
                                             [](const std::string&) { return nullptr; },
                                             {upstream_license(state), state.good_until, lost}});
    const auto figures = capacity(entitled, {{kKvm, 5}}, catalog);
    EXPECT_EQ(to_string(entitled.entries.at(0).status), kvm) << format_time(now);
    EXPECT_EQ(to_string(status_of(figures.pools.at(kKvm))), pool) << format_time(now);
    EXPECT_EQ(figures.pools.at(kKvm).total, total) << format_time(now);
    EXPECT_EQ(entitled.usable, usable) << format_time(now);
    if (now < state.good_until) {
      EXPECT_EQ(entitled.next_change, state.good_until);
    }
  }
}

TEST(UpstreamCapacity, APoolOfWhichNothingIsHeldCanBeAskedFor) {
  const Granting hq;
  const auto license =
      upstream_license(fold({{kStart, hq.connected()}, {kStart, hq.held({}, 600)}}));
  ASSERT_EQ(license->document.entries.size(), 2U);
  EXPECT_EQ(license->document.entries[0].quantity, 0U);
  EXPECT_EQ(license->document.entries[1].kind, EntryKind::module);
  EXPECT_EQ(upstream_license(UpstreamState{}), nullptr);
}

}  // namespace
}  // namespace latchkey
