#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "agent/api/routes.h"
#include "tests/support/fake_backend.h"

namespace latchkey {
namespace {

const std::map<std::string, std::string> kMethods{
    {"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"delete", "DELETE"}};

/// `GET /v1/status view` for every operation. The file keeps one layout: paths at two blanks,
/// methods at four.
std::set<std::string> documented(const std::string& file) {
  std::set<std::string> operations;
  std::ifstream input(file);
  std::string line, path, method;
  while (std::getline(input, line)) {
    if (line.starts_with("  /")) path = line.substr(2, line.rfind(':') - 2);
    for (const auto& [name, verb] : kMethods)
      if (line == "    " + name + ":") method = verb;
    if (line.starts_with("      x-right: "))
      operations.insert(method + " " + path + " " + line.substr(15));
  }
  return operations;
}

TEST(OpenApi, SaysWhatTheRoutesDo) {  // DESIGN 6
  test::FakeBackend backend;
  std::set<std::string> routes;
  const auto router = make_routes(backend);
  for (const auto& route : router.routes())
    routes.insert(route.method + " " + route.path + " " + to_string(route.needs));
  EXPECT_EQ(documented(LATCHKEY_SOURCE_DIR "/docs/api.yaml"), routes);
}

}  // namespace
}  // namespace latchkey
