#include "core/pool/policy.h"

#include <gtest/gtest.h>

#include "tests/unit/pool/deployment_fixture.h"

namespace latchkey {
namespace {

using test::base;
using test::day;
using test::Licensed;
using test::module;

const Usage kTooMuch{{{"kvm", "cpu-socket"}, 11}};

/// A state of the deployment, and the code with which create and other are refused in it.
struct State {
  std::string name;
  Licensed deployment;
  Usage usage;
  std::string code;
};

std::vector<State> states() {
  const auto with_key = [] { return Licensed().key(0, {base("kvm", 10, 0, 200)}); };
  const auto with_file = [] { return Licensed().file("F", 0, {base("kvm", 10, 0, 200)}); };
  auto abnormal = with_key();
  abnormal.decision.state = KeyState::abnormal;
  auto faulty = Licensed();
  faulty.decision.state = KeyState::fault;
  faulty.decision.reason = "unreadable";
  auto removed_but_filed = with_key().pulled(99);
  removed_but_filed.file("F", 0, {base("kvm", 1)});
  return {
      {"key ready", with_key(), {}, "allowed"},
      {"key abnormal", abnormal, {}, "allowed"},
      {"file only", with_file(), {}, "allowed"},
      {"last tick of the license", with_key().at(day(200) - Duration(1)), {}, "allowed"},
      {"buffer running", with_key().pulled(130), {}, "allowed"},
      {"last tick of the buffer", with_key().pulled(100).at(day(100) - Duration(1)), {}, "allowed"},
      {"usage at its limit", with_key(), {{{"kvm", "cpu-socket"}, 10}}, "allowed"},
      {"buffer over, but a file counts", removed_but_filed, {}, "allowed"},
      // SPEC QUOTA-2
      {"over quota", with_key(), kTooMuch, "over-quota"},
      {"over quota under a buffer", with_key().pulled(130), kTooMuch, "over-quota"},
      // SPEC QUOTA-3
      {"base expired, key in place", with_key().at(day(200)), {}, "license-expired"},
      {"base expired and over quota", with_key().at(day(200)), kTooMuch, "license-expired"},
      {"base expired, then pulled",
       with_key().pulled_expired().at(day(200)),
       {},
       "license-expired"},
      {"file expired", with_file().at(day(200)), {}, "license-expired"},
      {"buffer over", with_key().pulled(100), {}, "buffer-over"},
      {"buffer over, long ago", with_key().pulled(100).at(day(300)), {}, "license-expired"},
      // the clock is what the facts made of it: behind the beginning, nothing has begun
      {"clock before the license", with_key().at(day(-1)), {}, "not-yet-valid"},
      {"clock far ahead", with_key().at(day(4000)), {}, "license-expired"},
      {"other machines",
       Licensed().file("F", 0, {base("kvm", 10)}, {}, "elsewhere"),
       {},
       "wrong-environment"},
      {"never inserted", Licensed(), {}, "never-inserted"},
      {"key at fault, never worked", faulty, {}, "no-license"},
      {"modules without a base", Licensed().key(0, {module("vmware", 1)}), {}, "no-license"},
  };
}

// SPEC QUOTA-1, QUOTA-2, QUOTA-3, QUOTA-4: state by class
TEST(Policy, AnswersForEveryStateAndClass) {
  for (const auto& [name, deployment, usage, code] : states()) {
    for (const auto always :
         {Operation::view, Operation::login, Operation::reduce, Operation::license})
      EXPECT_EQ(deployment.answer(always, "kvm", usage), "allowed")
          << name << ", " << to_string(always);
    for (const auto operation : {Operation::create, Operation::other})
      EXPECT_EQ(deployment.answer(operation, {}, usage), code)
          << name << ", " << to_string(operation);
  }
}

// SPEC QUOTA-3: a module expired, only its own operations are denied.
TEST(Policy, AnswersForOneObject) {
  Licensed deployment;
  deployment.key(0, {base("kvm", 10), module("cdp", 5, 0, 100, "vm"),
                     module("gpu", 1, 0, 101, "gpu"), module("sdn", 1, 200, 365, "deployment")});
  const std::map<std::string, std::string> answers{
      {"", "allowed"},
      {"kvm", "allowed"},
      {"gpu", "allowed"},
      {"vmware", "allowed"},  // SPEC LIC-12: draws on kvm
      {"cdp", "module-expired"},
      {"sdn", "not-yet-valid"},
      {"tenant", "not-licensed"},
      {"zstone", "not-licensed"},  // another base
      {"no-such-object", "not-licensed"},
  };
  const Usage usage{{{"cdp", "vm"}, 5}};  // of the expired module: evicts nobody, bars nobody else
  for (const auto& [object, code] : answers) {
    EXPECT_EQ(deployment.answer(Operation::create, object, usage), code) << object;
    EXPECT_EQ(deployment.answer(Operation::reduce, object, usage), "allowed") << object;
  }
}

TEST(Policy, EveryRefusalSaysWhatAndWhatToDo) {
  for (const auto& [name, deployment, usage, code] : states()) {
    if (code == "allowed") continue;
    const auto entitlements = deployment.entitled();
    const auto figures = capacity(entitlements, usage, deployment.catalog);
    const auto refused = denial({deployment.decision, entitlements, figures, deployment.catalog},
                                Operation::create, "");
    ASSERT_TRUE(refused) << name;
    EXPECT_FALSE(refused->message.empty() || refused->cure.empty()) << name;
  }
}

TEST(Policy, KnowsItsClassesByName) {
  for (const auto* name : {"view", "login", "reduce", "license", "create", "other"})
    EXPECT_EQ(to_string(parse_operation(name).value()), name);
  EXPECT_FALSE(parse_operation("Create"));
  EXPECT_FALSE(parse_operation(""));
}

}  // namespace
}  // namespace latchkey
