#include <gmock/gmock.h>

#include <filesystem>

#include "core/deployment/request_key.h"
#include "tests/unit/vendor/command_line.h"

namespace latchkey {
namespace {

using test::at;

class IssueRequestKey : public test::CommandLine {
 protected:
  void SetUp() override {
    test::CommandLine::SetUp();
    found_vendor();
  }
  static Factors factors(std::size_t count) {
    Factors out;
    for (std::size_t i = 0; i < count; ++i)
      out["factor-" + std::to_string(i)] = std::string(64, "0123456789abcdef"[i]);
    return out;
  }
  /// The request key of a deployment whose nodes have so many factors.
  void write_request_key(const std::vector<std::size_t>& counts) const {
    RequestKey request{deployment_, "1.2", at("2026-05-30T00:00:00Z"), {}};
    for (const auto count : counts) {
      const auto id = "n" + std::to_string(request.nodes.size());
      request.nodes.push_back({id, "name-of-" + id, factors(count), {}});
    }
    write("acme.key", make_request_key(request, key_).value());
  }
  DeploymentBinding binding() const {
    return std::get<DeploymentBinding>(license("license").binding);
  }
  const std::string by_hand_ =
      "issue --issuer @issuer --entry kvm:cpu-socket:10 --customer Acme --days 30 -o @license ";
  const std::string entry_ =
      "days = 30\n[[license.entry]]\nobject = \"kvm\"\nunit = \"vm\"\nquantity = 5\n";

  const PrivateKey key_ = test::new_key();
  const DeploymentId deployment_ = deployment_id(key_.public_key());
};

TEST_F(IssueRequestKey, BindsToEveryNode) {  // SPEC REQ-1
  write_request_key({3, 3});
  expect_done(by_hand_ + "--request-key @acme.key");
  EXPECT_EQ(binding(),
            (DeploymentBinding{deployment_, {{"n0", factors(3)}, {"n1", factors(3)}}, 2}));
}

TEST_F(IssueRequestKey, OnePartMayBeReplacedUnlessThereAreFew) {  // SPEC REQ-2
  const struct {
    std::vector<std::size_t> factors;
    std::uint64_t required;
  } rows[] = {{{1}, 1}, {{2}, 2}, {{3}, 2}, {{4}, 3}, {{4, 2}, 2}, {{3, 16}, 2}};
  for (const auto& row : rows) {
    write_request_key(row.factors);
    expect_done(by_hand_ + "--request-key @acme.key");
    EXPECT_EQ(binding().required, row.required) << testing::PrintToString(row.factors);
  }
}

TEST_F(IssueRequestKey, TheVendorMayAskForMoreOrFewer) {  // SPEC REQ-2
  write_request_key({4, 3});
  const struct {
    std::string required, refusal;
  } rows[] = {{"0", "usage"}, {"1", ""}, {"3", ""}, {"4", "invalid-required"}, {"17", "usage"}};
  for (const auto& row : rows) {
    EXPECT_EQ(refusal(by_hand_ + "--request-key @acme.key --required " + row.required),
              row.refusal);
    if (row.refusal.empty()) {
      EXPECT_EQ(std::to_string(binding().required), row.required);
    }
  }
}

TEST_F(IssueRequestKey, ANodeThatItDoesNotTellIsNotLeftOutUnasked) {  // SPEC REQ-1
  write_request_key({3, 0});
  const auto ran = run(by_hand_ + "--request-key @acme.key");
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("node-not-covered"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("name-of-n1"), std::string::npos) << ran.err;
  expect_done(by_hand_ + "--request-key @acme.key --allow-uncovered");
  EXPECT_EQ(binding(), (DeploymentBinding{deployment_, {{"n0", factors(3)}}, 2}));
  write_request_key({0, 0});
  EXPECT_EQ(refusal(by_hand_ + "--request-key @acme.key --allow-uncovered"), "node-not-covered");
}

TEST_F(IssueRequestKey, OnlyAGenuineOneIsTaken) {  // SPEC SEC-3
  write_request_key({3});
  auto forged = read("acme.key");
  const auto at = forged.find("\"payload\":\"") + 40;
  forged[at] = forged[at] == 'A' ? 'B' : 'A';
  write("forged.key", forged);
  EXPECT_NE(refusal(by_hand_ + "--request-key @forged.key"), "");
  EXPECT_EQ(refusal(by_hand_ + "--request-key @bundle.json"), "invalid-format");
  EXPECT_EQ(refusal(by_hand_ + "--request-key @absent"), "cannot-read");
  const auto usb = " --key-id " + key_id(as_bytes("blue"));
  EXPECT_EQ(refusal(by_hand_ + "--request-key @acme.key" + usb), "usage");
  EXPECT_EQ(refusal(by_hand_ + "--required 2" + usb), "usage");
  EXPECT_EQ(refusal(by_hand_), "usage");
}

TEST_F(IssueRequestKey, AnOrderNamesItRelativeToItself) {
  write_request_key({3, 0});
  std::filesystem::create_directory(path("out"));
  std::filesystem::create_directory(path("orders"));
  const std::string common =
      "[[license]]\nrequest-key = \"../acme.key\"\nrequired = 3\nallow-uncovered = true\n";
  // Several for one deployment are as many licenses; of a USB key the second would replace the
  // first.
  write("orders/acme.toml", "customer = \"Acme\"\n" + common + "id = \"L-1\"\n" + entry_ + common +
                                "id = \"L-2\"\n" + entry_);
  const auto ran = run("issue --issuer @issuer --order @orders/acme.toml -o @out");
  const auto name = " deployment " + deployment_.substr(0, 12) + " ";
  EXPECT_EQ(ran.out, "license L-1" + name + path("out/L-1.json") + "\nlicense L-2" + name +
                         path("out/L-2.json") + "\n")
      << ran.err;
  EXPECT_EQ(std::get<DeploymentBinding>(license("out/L-2.json").binding),
            (DeploymentBinding{deployment_, {{"n0", factors(3)}}, 3}));
}

TEST_F(IssueRequestKey, AnOrderSaysWhatIsWrongWithIt) {
  write_request_key({3, 0});
  const struct {
    std::string binding, complaint;
  } rows[] = {
      {"request-key = \"absent\"", ":3: license[1].request-key: "},
      {"request-key = \"bundle.json\"", "This is no request key"},
      {"request-key = \"acme.key\"", "the machine of name-of-n1"},
      {"request-key = \"acme.key\"\nrequired = 4\nallow-uncovered = true", "4 can never match"},
      {"request-key = \"acme.key\"\nkey-id = \"x\"", "in one way"},
      {"request-key = 3", "must be a string"},
  };
  for (const auto& row : rows) {
    write("order.toml", "customer = \"A\"\n[[license]]\n" + row.binding + "\n" + entry_);
    const auto ran = run("issue --issuer @issuer --order @order.toml");
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, testing::AllOf(testing::HasSubstr("invalid-order: 1 problem"),
                                        testing::HasSubstr(row.complaint)))
        << row.binding;
  }
}

// Many orders at once: all or nothing, numbered through.
TEST_F(IssueRequestKey, SeveralOrdersAreOneBatch) {
  const auto order = [&](const std::string& id, const std::string& key) {
    return "customer = \"Acme\"\n[[license]]\nid = \"" + id + "\"\nkey-id = \"" +
           key_id(as_bytes(key)) + "\"\n" + entry_;
  };
  write("a.toml", order("L-1", "blue"));
  write("b.toml", order("L-2", "red"));
  write("c.toml", order("L-3", "blue"));
  write("d.toml", "customer = 7");
  std::filesystem::create_directory(path("out"));
  expect_done("issue --issuer @issuer --order @a.toml --order @b.toml -o @out");
  EXPECT_EQ(license("out/L-2.json").serial, license("out/L-1.json").serial + 1);
  const auto ran =
      run("issue --issuer @issuer --order @a.toml --order @c.toml --order @d.toml -o @none");
  EXPECT_THAT(
      ran.err,
      testing::AllOf(testing::HasSubstr("invalid-order: 3 problem(s)"),
                     testing::HasSubstr(path("c.toml") + ":4: license[1].key-id: is that of " +
                                        path("a.toml") + " license[1]"),
                     testing::HasSubstr(path("d.toml") + ":1: customer: must be")));
  EXPECT_FALSE(std::filesystem::exists(path("none")));
}

TEST_F(IssueRequestKey, OfOneMistakeInEveryLicenseTheBeginningIsShown) {
  std::string order = "customer = \"A\"\n";
  for (int i = 0; i < 150; ++i) order += "[[license]]\nrequest-key = \"absent\"\n" + entry_;
  write("order.toml", order);
  const auto error = run("issue --issuer @issuer --order @order.toml").err;
  EXPECT_THAT(error, testing::HasSubstr("invalid-order: 150 problem(s)"));
  EXPECT_THAT(error, testing::HasSubstr(": license[100].request-key: "));
  EXPECT_THAT(error, testing::Not(testing::HasSubstr("license[101]")));
  EXPECT_THAT(error, testing::HasSubstr("\nand 50 more\n"));
}

}  // namespace
}  // namespace latchkey
