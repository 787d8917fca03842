#pragma once

#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/unit/vendor/command_line.h"
#include "tools/latchkey-emulator/port/port_server.h"

namespace latchkey::test {

/// latchkey-vendor against emulated keys: `alpha` (Ed25519) and `beta` (P-256) of our own kind,
/// `token` and `modern` (AES management key) factory-new PIV tokens; all plugged in.
class EmulatedKeys : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    found_vendor();
    bench_.emplace(emulator::Bench::open(path("keys")).value());
    server_ = emulator::PortServer::listen(io_, *bench_, "port", path("socket")).value();
    ASSERT_TRUE(bench_->create("alpha", KeyAlgorithm::ed25519));
    ASSERT_TRUE(bench_->create("beta", KeyAlgorithm::ecdsa_p256));
    ASSERT_TRUE(bench_->create("token", emulator::piv::Model{}));
    ASSERT_TRUE(bench_->create("modern", emulator::piv::Model{.aes = true}));
    for (const auto* key : {"alpha", "beta", "token", "modern"})
      ASSERT_TRUE(bench_->plug(key, "port"));
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    CommandLine::TearDown();
  }

  static std::string at_port(const std::string& key) { return " --emulated @socket --id " + key; }
  std::string id_of(const std::string& key) {
    auto out = run("key-id" + at_port(key)).out;
    return out.substr(0, out.find('\n'));
  }
  std::string provision(const std::string& license, const std::string& key) {
    return "provision @" + license + " --root @root --bundle @bundle.json" + at_port(key);
  }

 private:
  boost::asio::io_context io_;
  std::optional<emulator::Bench> bench_;
  std::unique_ptr<emulator::PortServer> server_;
  std::thread thread_;
};

}  // namespace latchkey::test
