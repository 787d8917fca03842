#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <iostream>

#include "tools/latchkey-emulator/port/port_client.h"
#include "tools/latchkey-emulator/port/port_server.h"
#include "tools/latchkey-emulator/usbip/usbip_server.h"
#include "tools/terminal/usage.h"

namespace {

using namespace latchkey;

constexpr int kUsage = 2;

int report(const Error& error) {
  std::cerr << "latchkey-emulator: " << error.message << " [" << error.code << "]\n"
            << error.cure << '\n';
  return 1;
}

struct ServeOptions {
  std::string state;
  std::vector<std::string> ports;  ///< NAME=PATH
  std::string usbip;               ///< IP:PORT, or empty
};

int serve(const ServeOptions& options) {
  auto bench = emulator::Bench::open(options.state);
  if (!bench) return report(bench.error());
  boost::asio::io_context io;
  std::vector<std::unique_ptr<emulator::PortServer>> servers;
  for (const auto& option : options.ports) {
    const auto equals = option.find('=');
    if (equals == std::string::npos || equals == 0)
      return report({"usage", "'" + option + "' is no port.", "Write --port NAME=PATH."});
    auto server = emulator::PortServer::listen(io, *bench, option.substr(0, equals),
                                               option.substr(equals + 1));
    if (!server) return report(server.error());
    servers.push_back(std::move(*server));
  }
  std::unique_ptr<emulator::usbip::UsbipServer> usbip;
  if (!options.usbip.empty()) {
    auto server = emulator::usbip::UsbipServer::listen(io, *bench, options.usbip);
    if (!server) return report(server.error());
    usbip = std::move(*server);
  }
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code&, int) { io.stop(); });
  std::cout << "ready" << std::endl;  // flushed: scripts wait for it
  io.run();
  return 0;
}

int control(const std::string& socket, const std::vector<std::string>& arguments) {
  const auto answer = emulator::send_command(socket, arguments);
  if (!answer) return report(answer.error());
  std::cout << *answer << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Emulated USB keys, for tests and for trying things out.", "latchkey-emulator");
  app.require_subcommand(1);
  ServeOptions options;
  auto* serve_verb = app.add_subcommand("serve", "Holds keys and serves ports until SIGTERM.");
  serve_verb->add_option("--state", options.state, "Directory of the keys' state")->required();
  serve_verb->add_option("--port", options.ports, "NAME=PATH: a Unix socket per port; repeatable")
      ->required();
  serve_verb->add_option("--usbip", options.usbip,
                         "IP:PORT: a USB/IP server; keys plugged into the port `usbip` are there");
  auto* ctl_verb = app.add_subcommand(
      "ctl",
      "Commands a running emulator: plug KEY [--port PORT] | pull KEY | fault KEY KIND | "
      "create KEY [--p256] | create KEY --piv [--short-apdu] [--composite] [--aes] | "
      "copy-content FROM TO | list. Prints one line of JSON.");
  std::string socket;
  ctl_verb->add_option("socket", socket, "Path of any of its ports")->required();
  ctl_verb->allow_extras();
  ctl_verb->prefix_command();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    report(usage_error(app, error));
    return kUsage;
  }
  return serve_verb->parsed() ? serve(options) : control(socket, ctl_verb->remaining());
}
