#include <sched.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "load/run.h"

// Load on an agent, or on what it is compared with: consumers that connect, send heartbeats and
// change their usage, or queries; over the Unix socket, TCP or TLS; closed or open loop. Plain
// epoll and prepared requests, so that it costs far less than a server. Prints one line of JSON
// (tests/bench/load/tally.h).
namespace {

using namespace latchkey::load;

struct Options {
  Place place;
  WorkloadSettings workload;
  RunSettings run;
  std::string kind = "get";
  std::string tcp;
  int cpu = -1;
};

void declare(CLI::App& app, Options& options) {
  auto& [place, workload, run, kind, tcp, cpu] = options;
  app.add_option("--socket", place.unix_path, "the server's Unix socket");
  app.add_option("--tcp", tcp, "or its address, as 127.0.0.1:8201");
  app.add_flag("--tls", place.tls, "TLS 1.3 on it");
  app.add_option("--authority", place.authority, "PEM of who signed its certificate");
  app.add_option("--certificate", place.certificate, "PEM of our own");
  app.add_option("--key", place.key, "PEM of its key");
  app.add_option("--workload", kind, "get, authorize, connect, usage, heartbeat or life");
  app.add_option("--path", workload.path, "what to get");
  app.add_option("--object", workload.object, "license object that consumers use");
  app.add_option("--unit", workload.unit, "its metering unit");
  app.add_option("--ttl", workload.ttl_s, "seconds that a lease lasts");
  app.add_option("--consumers", run.consumers, "how many, over all connections");
  app.add_option("--first", run.first, "number of the first one");
  app.add_option("--connections", run.connections)->check(CLI::Range(1, 100'000));
  app.add_option("--outstanding", run.outstanding, "on each connection")
      ->check(CLI::Range(1, 4096));
  app.add_option("--rate", run.rate, "requests a second, by a fixed schedule; 0: closed loop");
  app.add_flag("--hold", run.hold, "connected, wait for the end of standard input");
  app.add_option("--seconds", run.seconds);
  app.add_option("--warmup", run.warmup, "seconds before them that do not count");
  app.add_option("--cpu", cpu, "run on this core");
}

/// What CLI11 cannot say; a message, or empty.
std::string complete(Options& options) {
  const auto kind = parse_kind(options.kind);
  if (!kind) return "no workload " + options.kind;
  options.workload.kind = *kind;
  if (options.run.consumers < options.run.connections)
    options.run.consumers = static_cast<std::uint32_t>(options.run.connections);
  if (!options.place.unix_path.empty()) return {};
  const auto colon = options.tcp.rfind(':');
  if (colon == std::string::npos)
    return "--socket PATH or --tcp HOST:PORT says where the server is";
  options.place.host = options.tcp.substr(0, colon);
  options.place.port = std::atoi(options.tcp.c_str() + colon + 1);
  return {};
}

bool pin(int cpu) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(cpu), &cores);
  return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

/// A connection is a descriptor.
void allow_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Load on an agent");
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  if (const auto message = complete(options); !message.empty()) {
    std::fprintf(stderr, "load_generator: %s\n", message.c_str());
    return 2;
  }
  if (options.cpu >= 0 && !pin(options.cpu)) return 1;
  allow_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
  Dialer dialer(options.place);
  const Workload workload(options.workload);
  Tally tally;
  if (!Run(options.run, workload, dialer).carry_out(tally)) return 1;
  tally.print();
}
