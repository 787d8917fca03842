#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/vendor/command_line.h"

namespace latchkey {
namespace {

using test::at;

class Order : public test::CommandLine {
 protected:
  void SetUp() override {
    test::CommandLine::SetUp();
    found_vendor();
  }
  /// What the order is told, line by line, without the file's name.
  std::vector<std::string> complaints(const std::string& order) const {
    write("order.toml", order);
    const auto ran = run("issue --issuer @issuer --order @order.toml -o @license");
    EXPECT_EQ(ran.code, 1) << order;
    EXPECT_FALSE(std::filesystem::exists(path("license"))) << order;
    std::istringstream lines(ran.err);
    std::string line;
    std::getline(lines, line);
    std::vector<std::string> out;
    while (std::getline(lines, line)) {
      const auto start = path("order.toml") + ":";
      EXPECT_TRUE(line.starts_with(start)) << line;
      out.push_back(line.substr(start.size()));
    }
    EXPECT_TRUE(ran.err.starts_with(
        "latchkey-vendor: invalid-order: " + std::to_string(out.size()) + " problem"))
        << ran.err;
    return out;
  }

  const std::string blue_ = key_id(as_bytes("blue")), red_ = key_id(as_bytes("red"));
};

TEST_F(Order, EveryKeyOfAnOrderReachesTheLicense) {  // SPEC LIC-1, POOL-1
  write("order.toml", R"(
customer = "Acme"
issued = 2026-06-02
[[license]]
key-id = ")" + blue_ + R"("
id = "L-7"
serial = 9
minimum-assurance = "attested"
supersedes = ["L-5", "L-6"]
from = 2026-07-01T12:00:00Z
days = 30
[[license.entry]]
object = "kvm"
unit = "cpu-socket"
quantity = 10
[[license.entry]]
object = "vmware"
unit = "cpu-core"
quantity = 4
kind = "module"
from = "2026-07-02"
until = "2027-01-01T00:00:00Z"
terms = { over-use = "10", support = "gold" }
)");
  expect_done("issue --issuer @issuer --order @order.toml -o @license");
  const auto start = at("2026-07-01T12:00:00Z");
  const LicenseDocument expected{
      "L-7",
      9,
      at("2026-06-02T00:00:00Z"),
      "issuer-1",
      "Acme",
      KeyBinding{blue_},
      {{"kvm", "cpu-socket", 10, EntryKind::base, {start, start + 30 * kDay}, {}},
       {"vmware",
        "cpu-core",
        4,
        EntryKind::module,
        {at("2026-07-02T00:00:00Z"), at("2027-01-01T00:00:00Z")},
        {{"over-use", "10"}, {"support", "gold"}}}},
      KeyAssurance::attested,
      {"L-5", "L-6"}};
  EXPECT_EQ(license("license"), expected);
}

TEST_F(Order, SaysTheSameAsTheOptions) {
  issue(blue_, "--id L-1 -o @by-hand");
  write("order.toml", "customer = \"Acme\"\n[[license]]\nid = \"L-1\"\nkey-id = \"" + blue_ +
                          "\"\ndays = 30\n[[license.entry]]\nobject = \"kvm\"\n"
                          "unit = \"cpu-socket\"\nquantity = 10\n");
  expect_done("issue --issuer @issuer --order @order.toml -o @ordered");
  EXPECT_EQ(read("by-hand"), read("ordered"));  // an Ed25519 signature repeats itself
}

TEST_F(Order, AnEntryGoesBeforeItsLicense) {
  const struct {
    std::string of_license, of_entry, from, until;
  } rows[] = {
      {"days = 1", "", "2026-06-01", "2026-06-02"},
      {"days = 1", "days = 2", "2026-06-01", "2026-06-03"},
      {"until = 2026-08-01", "days = 2", "2026-06-01", "2026-06-03"},
      {"days = 1", "until = 2026-08-01", "2026-06-01", "2026-08-01"},
      {"from = 2026-07-01\ndays = 1", "", "2026-07-01", "2026-07-02"},
      {"days = 1", "from = 2026-07-01", "2026-07-01", "2026-07-02"},
      {"from = 2026-07-01", "days = 1", "2026-07-01", "2026-07-02"},
      {"from = 2026-07-01\nuntil = 2026-08-01", "from = 2026-06-15", "2026-06-15", "2026-08-01"},
      {"", "from = 2026-07-01\ndays = 1", "2026-07-01", "2026-07-02"},
  };
  for (const auto& row : rows) {
    write("order.toml", "customer = \"A\"\n[[license]]\nkey-id = \"" + blue_ + "\"\n" +
                            row.of_license +
                            "\n[[license.entry]]\nobject = \"kvm\"\nunit = \"vm\"\nquantity = 1\n" +
                            row.of_entry + "\n");
    expect_done("issue --issuer @issuer --order @order.toml -o @license");
    const ValidityWindow expected{at(row.from + "T00:00:00Z"), at(row.until + "T00:00:00Z")};
    EXPECT_EQ(license("license").entries.at(0).validity, expected)
        << row.of_license << " / " << row.of_entry;
  }
}

class Batch : public Order {
 protected:
  void SetUp() override {
    Order::SetUp();
    write("order.toml", "customer = \"Acme\"\n" + one(blue_, "L-1") + one(red_, "L-2"));
  }
  static std::string one(const std::string& key, const std::string& id) {
    return "[[license]]\nkey-id = \"" + key + "\"\nid = \"" + id +
           "\"\ndays = 30\n[[license.entry]]\nobject = \"kvm\"\nunit = \"vm\"\nquantity = 5\n";
  }
};

TEST_F(Batch, GoesIntoAFolderOneFileEach) {
  std::filesystem::create_directory(path("out"));
  const auto ran = run("issue --issuer @issuer --order @order.toml -o @out");
  EXPECT_EQ(ran.out, "license L-1 " + blue_ + " " + path("out/L-1.json") + "\nlicense L-2 " + red_ +
                         " " + path("out/L-2.json") + "\n");
  const auto first = license("out/L-1.json"), second = license("out/L-2.json");
  EXPECT_EQ(std::get<KeyBinding>(first.binding).key_id, blue_);
  EXPECT_EQ(std::get<KeyBinding>(second.binding).key_id, red_);
  EXPECT_EQ(second.serial, first.serial + 1);
}

TEST_F(Batch, GoesIntoOneFileOneAfterAnother) {
  std::filesystem::create_directory(path("out"));
  expect_done("issue --issuer @issuer --order @order.toml -o @out");
  EXPECT_EQ(run("issue --issuer @issuer --order @order.toml -o @all").out,
            "license L-1\nlicense L-2\n");
  const auto each = read("out/L-1.json") + read("out/L-2.json");
  EXPECT_EQ(read("all"), each);
  EXPECT_EQ(run("issue --issuer @issuer --order @order.toml").out, each);
}

TEST_F(Batch, TwoOfOneKeyOrIdAreASlip) {  // SPEC LIC-8: the second would drive out the first
  using testing::ElementsAre, testing::StartsWith;
  const std::string start = "customer = \"Acme\"\n";
  EXPECT_THAT(complaints(start + one(blue_, "L-1") + one(red_, "L-2") + one(blue_, "L-3")),
              ElementsAre(StartsWith("19: license[3].key-id: is that of " + path("order.toml") +
                                     " license[1]; ")));
  EXPECT_THAT(complaints(start + one(blue_, "L-1") + one(red_, "L-1")),
              ElementsAre(StartsWith("12: license[2].id: is that of " + path("order.toml") +
                                     " license[1]; ")));
}

TEST_F(Order, AllThatIsWrongIsSaidAtOnceWithItsLine) {
  auto typed = blue_;
  typed[5] = typed[5] == 'X' ? 'Y' : 'X';
  const auto found = complaints(R"(issued = "yesterday"
costumer = "Acme"
[[license]]
key-id = ")" + typed + R"("
minimum-assurance = "proven"
days = 30
until = 2027-01-01
[[license.entry]]
object = "kvm"
quantity = 0
kind = "plus"
terms = { a = 1 }
[[license]]
days = "30"
supersedes = "L-1"
[[license.entry]]
object = 7
unit = "vm"
quantity = "many"
from = 2026-07-01
until = 2026-06-30
[[license]]
key-id = ")" + red_ + R"("
[[license.entry]]
object = "kvm"
unit = "vm"
quantity = 1
)");
  const std::vector<std::string> places{
      "1: has no `customer`;",
      "1: issued: is not a UTC time;",
      "2: costumer: is not a known key;",
      "4: license[1].key-id: `" + typed + "` is no key ID;",
      "5: license[1].minimum-assurance: \"proven\" is not known;",
      "6: license[1].days: stands beside `until`;",
      "8: license[1].entry[1]: has no `unit`;",
      "10: license[1].entry[1].quantity: is 0, out of range;",
      "11: license[1].entry[1].kind: \"plus\" is not known;",
      "12: license[1].entry[1].terms: must hold strings of 1 to 255 characters only;",
      "13: license[2]: does not say in one way what it is for;",
      "14: license[2].days: must be a whole number;",
      "15: license[2].supersedes: must be a list of strings;",
      "17: license[2].entry[1].object: must be a string in quotes;",
      "19: license[2].entry[1].quantity: must be a whole number;",
      "21: license[2].entry[1].until: is not after the beginning;",
      "24: license[3].entry[1].days: is missing: nothing says when the entry ends;",
  };
  ASSERT_EQ(found.size(), places.size()) << testing::PrintToString(found);
  for (std::size_t i = 0; i < places.size(); ++i)
    EXPECT_TRUE(found[i].starts_with(places[i] + " ")) << found[i] << "\n" << places[i];
}

TEST_F(Order, WhatIsNoOrder) {
  const std::string start = "customer = \"A\"\n";
  const auto with = [&](const std::string& license) {
    return start + "[[license]]\nkey-id = \"" + blue_ + "\"\ndays = 1\n" + license;
  };
  const std::string entry = "[[license.entry]]\nobject = \"kvm\"\nunit = \"vm\"\nquantity = 1\n";
  const struct {
    std::string text, place;
  } rows[] = {
      {"customer = ", "1: "},
      {start, "1: license: must be 1 to 10000 tables;"},
      {start + "license = 3", "2: license: must be"},
      {start + "license = []", "2: license: must be"},
      {start + "license = [1]", "2: license: must be"},
      {with(""), "2: license[1].entry: must be 1 to 256 tables;"},
      {with("entry = [{}, 1]"), "5: license[1].entry: must be"},
      {with("from = 2026-07-01T00:00:00\n" + entry), "5: license[1].from: is not a UTC time;"},
      {with("from = \"\"\n" + entry), "5: license[1].from: is not a UTC time;"},
      {with("from = 7\n" + entry), "5: license[1].from: is not a UTC time;"},
      {with("id = \"a/b\"\n" + entry), "2: license[1]: "},
      {start + "issued = 2026-05-31\n" + with(entry).substr(start.size()),
       "3: license[1]: The issuing key is not valid at the issue time;"},
      {"customer = \"A\"\ncustomer = \"B\"\n", "2: "},
      {std::string("customer = \"\xff\"\n"), "1: "},
  };
  for (const auto& row : rows) {
    const auto found = complaints(row.text);
    ASSERT_EQ(found.size(), 1u) << row.text << testing::PrintToString(found);
    EXPECT_TRUE(found[0].starts_with(row.place)) << found[0] << "\n" << row.place;
  }
  EXPECT_EQ(refusal("issue --issuer @issuer --order @absent"), "cannot-read");
}

TEST_F(Order, KeepsToTheScopesOfTheIssuingKey) {  // SPEC SEC-5
  expect_done("issuer create --name small --scope license:kvm --days 30 -o @small");
  write("order.toml", "customer = \"A\"\n[[license]]\nkey-id = \"" + blue_ +
                          "\"\ndays = 1\n[[license.entry]]\nobject = \"vmware\"\nunit = \"vm\"\n"
                          "quantity = 1\n");
  const auto ran = run("issue --issuer @small --order @order.toml");
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find(":2: license[1]: The issuing key may not license `vmware`;"),
            std::string::npos)
      << ran.err;
}

TEST_F(Order, StandsInPlaceOfTheOptions) {
  for (const std::string more :
       {"--id L-1", "--customer A", "--days 3", "--entry kvm:vm:1", "--key-id x"})
    EXPECT_EQ(refusal("issue --issuer @issuer --order @order.toml " + more), "usage") << more;
  EXPECT_EQ(refusal("issue --issuer @issuer"), "usage");
}

}  // namespace
}  // namespace latchkey
