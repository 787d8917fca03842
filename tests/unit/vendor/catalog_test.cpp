#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/vendor/command_line.h"

namespace latchkey {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CatalogVerb : public test::CommandLine {
 protected:
  Ran issue_entries(const std::string& entries, const std::string& more = "") const {
    return run("issue --issuer @issuer --key-id " + key_id(as_bytes("blue")) +
               " --customer Acme --days 30 -o @license " + entries + " " + more);
  }
  /// A vendor that sells teapots.
  void write_own() const {
    write("own.toml",
          "[units]\ncup = { one = \"cup\", many = \"cups\" }\n"
          "[objects.teapot]\nname = \"Teapot\"\nkind = \"base\"\nunits = [\"cup\"]\n");
  }
};

TEST_F(CatalogVerb, ShowsTheOneThatIsBuiltIn) {  // SPEC LIC-11, LIC-12
  const auto shown = run("catalog").out;
  for (const char* part :
       {"\n  kvm ", "  ZStack Cloud (base): cpu-socket, cpu-core, host\n",
        "  VMware Management (module): cpu-socket, cpu-core; draws on kvm\n",
        "  7x24 After-Sales Service (service): deployment\n", "; also Backup Service\n",
        "  ZStack ZSphere Basic Edition - Trial: zsphere, 30 days, hosts: 1, no after-sales "
        "service\n",
        "  ZStack Cloud Enterprise: kvm; includes sdn, gpu, sr-iov, "})
    EXPECT_THAT(shown, HasSubstr(part));
}

TEST_F(CatalogVerb, ShowsAVendorsOwnOrAllThatIsWrongWithIt) {  // SPEC LIC-11
  write_own();
  EXPECT_EQ(run("catalog --catalog @own.toml").out,
            "objects\n  teapot  Teapot (base): cup\neditions\n");
  write("own.toml", "[objects.teapot]\nname = \"Teapot\"\n");
  const auto refused = run("catalog --catalog @own.toml");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("invalid-catalog"));
  EXPECT_THAT(refused.err, HasSubstr("own.toml:1: objects.teapot: has no `kind`"));
  EXPECT_THAT(refused.err, HasSubstr("own.toml:1: objects.teapot.units: names no unit"));
  EXPECT_EQ(refusal("catalog --catalog @nowhere.toml"), "cannot-read");
}

TEST_F(CatalogVerb, IssueWarnsOfWhatAgentsWouldRefuse) {  // SPEC LIC-5 unknown-object
  found_vendor();
  EXPECT_THAT(issue_entries("--entry kvm:host:1 --entry gpu:gpu:2:module").err, IsEmpty());
  const auto strange =
      "--entry teapot:cup:1 --entry kvm:vm:1 --entry gpu:gpu:1 --entry teapot:cup:2";
  const auto warned = issue_entries(strange);
  EXPECT_EQ(warned.code, 0) << "issued all the same";
  for (const char* part : {"`teapot`;", "`kvm` by `vm`;", "`gpu` as base;"})
    EXPECT_THAT(warned.err, HasSubstr(part));
  EXPECT_EQ(std::ranges::count(warned.err, '\n'), 3) << "each once";
  write_own();
  EXPECT_THAT(issue_entries(strange, "--catalog @own.toml").err, Not(HasSubstr("teapot")));
}

TEST_F(CatalogVerb, NothingIsSignedUnderAWrongCatalogue) {
  found_vendor();
  write("own.toml", "[objects\n");
  EXPECT_EQ(issue_entries("--entry kvm:host:1", "--catalog @own.toml").code, 1);
  EXPECT_THAT(read("license"), IsEmpty());
}

}  // namespace
}  // namespace latchkey
