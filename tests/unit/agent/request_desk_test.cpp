#include "agent/app/request_desk.h"

#include <gtest/gtest.h>

#include "core/deployment/request_key.h"
#include "tests/support/facts.h"
#include "tests/support/fake_store.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/manual_reactor.h"
#include "tests/support/temp_dir.h"

namespace latchkey {
namespace {

using namespace std::chrono_literals;

class RequestDeskTest : public testing::Test {
 protected:
  RequestDeskTest() {
    open({std::string(32, 'a'), {}, {}});
    log_->witness([](Witness& w, Time now) { w.start(now, "1"); });
  }

  std::string self() const { return identity_.node_id(); }
  void open(StoreContents contents) {
    log_ = std::make_unique<NodeLog>(reactor_, clock_, store_, system_random,
                                     NodeLog::Config{self(), 3s, 30s}, std::move(contents), [] {});
  }
  void tell(MachineFactors machine) {
    desk_.emplace(*log_, identity_, std::move(machine), [this] {
      return NodeNames{{self(), "node-a"}, {"b", "node-b"}};
    });
    desk_->tell_factors();
    store_.answer_all();
  }
  std::size_t told() const {
    std::size_t count = 0;
    for (const auto& entry : log_->facts().entries())
      count += std::holds_alternative<NodeFactors>(entry.stored.fact.body) ? 1 : 0;
    return count;
  }
  /// Of an envelope that verifies.
  RequestKey request() const {
    const auto envelope = desk_->request_key(log_->decide(kNoon)).value();
    return verify_request_key(as_bytes(envelope)).value();
  }
  void peer_says(NodeFactors factors) {
    test::ChainWriter peer(std::string(32, 'b'), "b");
    Batch batch;
    batch.facts.push_back(peer.add(kNoon, std::move(factors)));
    log_->receive(std::move(batch), [](const Result<void>& outcome) { ASSERT_TRUE(outcome); });
    store_.answer_all();
  }

  const test::TempDir dir_;
  Identity identity_ = Identity::load_or_create(dir_.path()).value();
  test::ManualReactor reactor_;
  test::FakeStore store_;
  const FixedClock clock_;
  std::unique_ptr<NodeLog> log_;
  std::optional<RequestDesk> desk_;
};

const MachineFactors kMachine{{{"dmi-uuid", "u"}, {"machine-id", "m"}}, {"board-serial"}};

TEST_F(RequestDeskTest, TheMachineIsToldOnceAndSalted) {  // SPEC REQ-2
  tell(kMachine);
  desk_->tell_factors();
  tell(kMachine);  // the next start
  EXPECT_EQ(told(), 1U);
  tell({{{"dmi-uuid", "u"}}, {}});
  EXPECT_EQ(told(), 2U);
  const auto salt = factor_salt(identity_.deployment_key()).value();
  EXPECT_EQ(request().nodes[0].factors,
            (Factors{{"dmi-uuid", salted_factor(salt, "dmi-uuid", "u")}}));
}

TEST_F(RequestDeskTest, AMachineThatSaysNothingIsNotCovered) {  // SPEC REQ-1
  tell({{}, {"dmi-uuid"}});
  const auto made = request();
  ASSERT_EQ(made.nodes.size(), 1U);
  EXPECT_FALSE(made.nodes[0].covered());
  EXPECT_EQ(made.nodes[0].unreadable, (std::vector<std::string>{"dmi-uuid"}));
}

TEST_F(RequestDeskTest, CoversTheOtherNodeOnceItToldItsFactors) {  // SPEC REQ-1
  tell(kMachine);
  log_->witness([](Witness& w, Time now) { w.peer_joined(now, "b", ""); });
  store_.answer_all();
  const auto node_b = [&] {
    const auto nodes = request().nodes;
    EXPECT_EQ(nodes.size(), 2U);
    return nodes[0].node == "b" ? nodes[0] : nodes[1];
  };
  EXPECT_FALSE(node_b().covered());
  EXPECT_EQ(node_b().name, "node-b");
  const Factors factors{{"machine-id", std::string(64, '2')}};
  peer_says({identity_.deployment_id(), factors, {}});
  EXPECT_EQ(node_b().factors, factors);
}

TEST_F(RequestDeskTest, WhatWasSaltedForAnotherDeploymentCoversNothing) {  // SPEC REQ-1
  tell(kMachine);
  const auto before = request().nodes[0].factors;
  log_->witness([](Witness& w, Time now) { w.peer_joined(now, "b", ""); });
  peer_says({std::string(64, '9'), {{"machine-id", std::string(64, '2')}}, {}});
  for (const auto& node : request().nodes) EXPECT_EQ(node.covered(), node.node == self());
  // This node joins another deployment: its own are salted anew.
  const auto key = PrivateKey::generate(KeyAlgorithm::ed25519).value();
  ASSERT_TRUE(identity_.adopt_deployment_key(*key.plain_pem()));
  for (const auto& node : request().nodes) EXPECT_FALSE(node.covered());
  desk_->tell_factors();
  store_.answer_all();
  for (const auto& node : request().nodes)
    if (node.node == self()) {
      EXPECT_EQ(node.factors.size(), before.size());
      EXPECT_NE(node.factors, before);
    }
}

}  // namespace
}  // namespace latchkey
