#include "tests/unit/vendor/emulated_keys.h"

namespace latchkey {
namespace {

using Provision = test::EmulatedKeys;

TEST_F(Provision, PutsALicenseOnItsKey) {
  for (const std::string key : {"alpha", "beta"}) {
    const auto id = id_of(key);
    EXPECT_EQ(parse_key_id(id), id);
    issue(id, "--id L-1 -o @license");
    const auto ran = run(provision("license", key));
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, id + " carries license L-1\n");
    issue(id, "--id L-2 -o @renewal");
    EXPECT_EQ(run(provision("renewal", key)).out, id + " carries license L-2\n");
  }
}

TEST_F(Provision, RefusesAnotherKeysLicense) {
  issue(id_of("alpha"), "-o @license");
  EXPECT_EQ(refusal(provision("license", "beta")), "wrong-key-id");
  EXPECT_EQ(refusal(provision("license", "gamma")), "gone");
  for (const auto* node : {"/dev/null", "/dev/hidraw-none", "/etc/passwd"})
    EXPECT_EQ(refusal("key-id --device " + std::string(node)), "gone") << node;
}

}  // namespace
}  // namespace latchkey
