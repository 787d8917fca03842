#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/sample_vendor.h"
#include "tests/support/temp_dir.h"
#include "tools/latchkey-vendor/vendor.h"

namespace latchkey::test {

/// Runs latchkey-vendor in a directory of its own, on 2026-06-01; every key's passphrase is
/// `secret`.
class CommandLine : public testing::Test {
 protected:
  struct Ran {
    int code;
    std::string out;
    std::string err;
  };

  void SetUp() override { ::setenv("LATCHKEY_PASSPHRASE", "secret", 1); }
  void TearDown() override { ::unsetenv("LATCHKEY_PASSPHRASE"); }

  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }

  /// Words of `line`; `@name` stands for a path in the directory.
  Ran run(const std::string& line) const {
    std::istringstream words(line);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;)
      arguments.push_back(word.starts_with('@') ? path(word.substr(1)) : word);
    std::ostringstream out, err;
    const int code = vendor::run(std::move(arguments), out, err, at("2026-06-01T00:00:00Z"));
    return {code, out.str(), err.str()};
  }
  void expect_done(const std::string& line) const {
    const auto ran = run(line);
    EXPECT_EQ(ran.code, 0) << line << "\n" << ran.err;
  }
  /// The code of the refusal; empty when there was none.
  std::string refusal(const std::string& line) const {
    const auto ran = run(line);
    if (ran.code != 1) return ran.code == 0 ? "" : "usage";
    const std::string name = "latchkey-vendor: ";
    return ran.err.substr(name.size(), ran.err.find(':', name.size()) - name.size());
  }

  /// root, issuer (named issuer-1) and bundle.json.
  void found_vendor() const {
    expect_done("root create -o @root");
    expect_done("issuer create --name issuer-1 --days 365 -o @issuer");
    expect_done("trust sign --root @root --issuer @issuer -o @bundle.json");
  }
  void issue(const std::string& id, const std::string& more) const {
    expect_done("issue --issuer @issuer --key-id " + id +
                " --entry kvm:cpu-socket:10 --customer Acme --days 30 " + more);
  }
  /// What an agent reads from the file.
  LicenseDocument license(const std::string& file) const {
    const RootSet roots{{PublicKey::from_pem(read("root.pub")).value()}, 1};
    const auto trust = TrustStore::open(roots, as_bytes(read("bundle.json"))).value();
    const auto license = trust.verify_license(as_bytes(read(file)));
    EXPECT_TRUE(license) << file << ": " << license.error().message;
    return license ? license->document : LicenseDocument{};
  }

 private:
  TempDir dir_;
};

}  // namespace latchkey::test
