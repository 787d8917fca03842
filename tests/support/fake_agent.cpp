#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fstream>
#include <iostream>

#include "agent/api/routes.h"
#include "agent/net/unix_server.h"
#include "tests/support/fake_backend.h"

// The agent's real HTTP face over a canned status: fake_agent SOCKET STATUS.json. For measuring the
// socket alone and for looking at the command line tool without keys. Ends on SIGTERM.
int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::ifstream file(argv[2]);
  const auto status = nlohmann::json::parse(file, nullptr, false);
  if (status.is_discarded()) return 2;
  boost::asio::io_context io(1);
  latchkey::test::FakeBackend backend;
  backend.publish(status);
  latchkey::net::UnixServerConfig config;
  config.path = argv[1];
  latchkey::net::UnixServer server(io, config, latchkey::make_routes(backend));
  if (const auto started = server.start(); !started) {
    std::cerr << started.error().message << '\n';
    return 1;
  }
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](const auto&, int) { io.stop(); });
  io.run();
}
