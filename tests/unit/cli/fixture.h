#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/api/routes.h"
#include "tests/support/fake_backend.h"
#include "tests/support/server_thread.h"
#include "tools/latchkey/context.h"

namespace latchkey::cli {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string golden_path(const std::string& name) {
  return LATCHKEY_SOURCE_DIR "/tests/unit/cli/golden/" + name;
}

inline nlohmann::json golden_status(const std::string& name) {
  return nlohmann::json::parse(read_file(golden_path(name + ".json")));
}

/// The whole tool in this process, against the agent's real HTTP face over a fake backend.
class CliTest : public ::testing::Test {
 protected:
  struct Outcome {
    int exit_code;
    std::string out;
    std::string err;
  };

  void publish(const nlohmann::json& status) {
    server.run([&] { backend.publish(status); });
  }
  Outcome latchkey(std::vector<std::string> arguments, bool colour = false) const {
    return latchkey_at(server.path(), std::move(arguments), colour);
  }
  static Outcome latchkey_at(const std::string& socket, std::vector<std::string> arguments,
                             bool colour = false) {
    std::vector<const char*> argv{"latchkey", "--socket", socket.c_str()};
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    std::ostringstream out, err;
    const int code = run(static_cast<int>(argv.size()), argv.data(), out, err, colour);
    return {code, out.str(), err.str()};
  }

  test::FakeBackend backend;
  test::ServerThread server{make_routes(backend)};
};

}  // namespace latchkey::cli
