#include "core/license/package.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/vendor/command_line.h"

namespace latchkey {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class Packages : public test::CommandLine {
 protected:
  void SetUp() override {
    test::CommandLine::SetUp();
    found_vendor();
    issue(blue_, "--id L-2 -o @two.json");
    issue(red_, "--id L-1 -o @one.json");
  }
  std::vector<std::string> names(const std::string& file) const {
    std::vector<std::string> out;
    const auto documents = unpack(as_bytes(read(file)));
    EXPECT_TRUE(documents) << documents.error().message;
    for (const auto& document : documents.value_or(std::vector<PackagedDocument>{}))
      out.push_back(document.name);
    return out;
  }

  const std::string blue_ = key_id(as_bytes("blue")), red_ = key_id(as_bytes("red"));
};

TEST_F(Packages, HoldTheDocumentsAsTheyWereSigned) {  // SPEC LIC-6, SEC-5
  expect_done("package -o @all.tar.gz @two.json @bundle.json @one.json");
  const auto documents = unpack(as_bytes(read("all.tar.gz"))).value();
  ASSERT_THAT(names("all.tar.gz"), ElementsAre("trust-1.json", "L-1.json", "L-2.json"));
  EXPECT_EQ(std::string(as_text(documents[1].envelope)) + "\n", read("one.json"));
  EXPECT_EQ(run("verify @all.tar.gz --root @root").out,
            "trust-1.json: verified\nL-1.json: verified\nL-2.json: verified\n");
}

// The same licenses are the same file, whoever packs them when and in whichever order.
TEST_F(Packages, AreReproducible) {
  expect_done("package -o @a.tar.gz @two.json @bundle.json @one.json");
  write("text", "\n" + read("one.json") + read("two.json"));
  std::filesystem::last_write_time(path("bundle.json"), {});
  expect_done("package -o @b.tar.gz @bundle.json @text");
  EXPECT_EQ(read("a.tar.gz"), read("b.tar.gz"));
  expect_done("package -o @c.tar.gz @b.tar.gz");
  EXPECT_EQ(read("a.tar.gz"), read("c.tar.gz"));
}

// A customer without our programs can look into it.
TEST_F(Packages, OpenWithStockTools) {
  expect_done("package -o @all.tar.gz @two.json @one.json");
  std::filesystem::create_directory(path("out"));
  const auto command = "tar -xzf " + path("all.tar.gz") + " -C " + path("out");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read("out/L-1.json") + "\n", read("one.json"));
  EXPECT_EQ(read("out/L-2.json") + "\n", read("two.json"));
}

TEST_F(Packages, HoldOnlyWhatAnAgentTakesOfThem) {
  write("prose", "Dear customer");
  write("list", "[]");
  write("other", make_envelope("application/x", "{}", {}).value());
  const auto forged = make_envelope(kLicenseType, R"({"id":"../x"})", {}).value();
  write("strange", forged);
  const struct {
    std::string files, code, message;
  } rows[] = {
      {"@one.json @one.json", "invalid-format", "There are two of it"},
      {"@one.json @prose", "invalid-format", "neither a license nor a package"},
      {"@one.json @list", "invalid-format", "neither a license nor a package"},
      {"@one.json @other", "invalid-format", "document 1: "},
      {"@one.json @strange", "invalid-format", "document 1: "},
      {"@one.json @root.pub", "invalid-format", "neither a license nor a package"},
      {"@one.json @absent", "cannot-read", "absent"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(refusal("package -o @all.tar.gz " + row.files), row.code) << row.files;
    EXPECT_THAT(run("package -o @all.tar.gz " + row.files).err, HasSubstr(row.message));
    EXPECT_FALSE(std::filesystem::exists(path("all.tar.gz"))) << row.files;
  }
}

TEST_F(Packages, AnOrderBecomesOneAtOnce) {
  std::string order = "customer = \"Acme\"\n";
  for (const auto& key : {blue_, red_})
    order += "[[license]]\nkey-id = \"" + key + "\"\nid = \"" + key +
             "\"\ndays = 30\n[[license.entry]]\nobject = \"kvm\"\nunit = \"vm\"\nquantity = 5\n";
  write("order.toml", order);
  expect_done("issue --issuer @issuer --order @order.toml -o @all.tar.gz");
  EXPECT_THAT(names("all.tar.gz"), testing::UnorderedElementsAre(blue_ + ".json", red_ + ".json"));
  EXPECT_EQ(refusal("verify @all.tar.gz --root @root --bundle @bundle.json"), "");
}

TEST_F(Packages, AreShownDocumentByDocument) {
  expect_done("package -o @all.tar.gz @bundle.json @one.json");
  const auto shown = run("inspect @all.tar.gz --key @root --key @issuer").out;
  EXPECT_THAT(shown, HasSubstr("trust-1.json: "));
  EXPECT_THAT(shown, HasSubstr("L-1.json: "));
  EXPECT_THAT(shown, HasSubstr(red_));
  const auto all = json::parse(run("inspect --json @all.tar.gz --key @root --key @issuer").out);
  ASSERT_EQ(all["documents"].size(), 2U);
  EXPECT_EQ(all["documents"][0]["signed_by"], json::array({path("root")}));
  EXPECT_EQ(all["documents"][1]["signed_by"], json::array({path("issuer")}));
  EXPECT_EQ(all["documents"][1]["payload"]["id"], "L-1");
}

TEST_F(Packages, VerifyLooksAtEveryDocument) {  // SPEC SEC-5
  auto forged = read("two.json");
  const auto digit = forged.find("\"payload\":\"") + 30;
  forged[digit] = forged[digit] == 'A' ? 'B' : 'A';
  write("text", read("one.json") + forged + read("bundle.json"));
  const auto ran = run("verify @text --root @root");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("document 1: verified\n"));
  EXPECT_THAT(ran.out, HasSubstr("document 2: untrusted-signer: "));
  EXPECT_THAT(ran.err, HasSubstr("not-verified: 1 of 3"));
  const auto told = json::parse(run("verify @text --root @root --json").out);
  EXPECT_EQ(told["verified"], false);
  EXPECT_EQ(told["documents"].size(), 3U);
}

TEST_F(Packages, OneLicenseAtATimeGoesOnAKey) {
  expect_done("package -o @all.tar.gz @two.json @one.json");
  EXPECT_EQ(refusal("provision @all.tar.gz --device /dev/null --root @root --bundle @bundle.json"),
            "several-documents");
}

}  // namespace
}  // namespace latchkey
