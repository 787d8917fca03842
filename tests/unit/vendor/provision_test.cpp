#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/unit/vendor/command_line.h"
#include "tools/latchkey-emulator/port/port_server.h"

namespace latchkey {
namespace {

/// latchkey-vendor against emulated keys: `alpha` (Ed25519) and `beta` (P-256), both plugged in.
class Provision : public test::CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    found_vendor();
    bench_.emplace(emulator::Bench::open(path("keys")).value());
    server_ = emulator::PortServer::listen(io_, *bench_, "port", path("socket")).value();
    ASSERT_TRUE(bench_->create("alpha", KeyAlgorithm::ed25519));
    ASSERT_TRUE(bench_->create("beta", KeyAlgorithm::ecdsa_p256));
    for (const auto* key : {"alpha", "beta"}) ASSERT_TRUE(bench_->plug(key, "port"));
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    CommandLine::TearDown();
  }

  std::string id_of(const std::string& key) {
    auto out = run("key-id --emulated @socket --id " + key).out;
    return out.substr(0, out.find('\n'));
  }
  std::string provision(const std::string& license, const std::string& key) {
    return "provision @" + license +
           " --root @root --bundle @bundle.json --emulated @socket --id " + key;
  }

 private:
  boost::asio::io_context io_;
  std::optional<emulator::Bench> bench_;
  std::unique_ptr<emulator::PortServer> server_;
  std::thread thread_;
};

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
