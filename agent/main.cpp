#include <getopt.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "agent/app/app.h"
#include "agent/app/trust_files.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "latchkey_version.h"

namespace {

using namespace latchkey;

// Exit codes; the unit file and docs/operations.md name them.
constexpr int kExitUsage = 2;
constexpr int kExitConfig = 3;   // configuration or trust files
constexpr int kExitState = 4;    // identity or database
constexpr int kExitSocket = 5;   // the API socket is taken or cannot be made
constexpr int kExitStartup = 6;  // udev, peer listener, anything else

constexpr rlim_t kMaxFiles = 16'384;  // LimitNOFILE of the unit

constexpr char kDefaultConfig[] = "/etc/latchkey/agent.toml";
constexpr char kUsage[] =
    "usage: latchkey-agent [--config FILE] [--check-config] [--version]\n"
    "  --config FILE   default /etc/latchkey/agent.toml; without that file the defaults apply\n"
    "  --check-config  read the configuration and its files, report every problem, and end\n"
    "exit codes: 0 clean end, 2 usage, 3 configuration or trust files, 4 identity or database,\n"
    "  5 the API socket is taken or cannot be made, 6 another part could not start\n"
    "SIGHUP reads the configuration, the trust files and the catalogue again.\n";

struct Options {
  std::string config = kDefaultConfig;
  bool config_given = false;
  bool check_only = false;
};

Options parse_options(int argc, char** argv) {
  static constexpr option kOptions[] = {{"config", required_argument, nullptr, 'c'},
                                        {"check-config", no_argument, nullptr, 'k'},
                                        {"version", no_argument, nullptr, 'v'},
                                        {"help", no_argument, nullptr, 'h'},
                                        {nullptr, 0, nullptr, 0}};
  Options options;
  for (int code; (code = getopt_long(argc, argv, "c:", kOptions, nullptr)) != -1;) {
    if (code == 'c') {
      options.config = optarg;
      options.config_given = true;
    } else if (code == 'k') {
      options.check_only = true;
    } else if (code == 'v') {
      std::puts(kVersion);
      std::exit(EXIT_SUCCESS);
    } else {
      std::fputs(kUsage, code == 'h' ? stdout : stderr);
      std::exit(code == 'h' ? EXIT_SUCCESS : kExitUsage);
    }
  }
  if (optind == argc) return options;
  std::fputs(kUsage, stderr);
  std::exit(kExitUsage);
}

ConfigResult read_config(const Options& options) {
  if (!options.config_given && ::access(options.config.c_str(), F_OK) != 0)
    return parse_config("", options.config);
  return load_config(options.config);
}

/// A bundle that the configured roots did not sign may follow one that was installed.
int check(const Config& config) {
  const auto trust = check_trust(config.trust);
  if (trust) return EXIT_SUCCESS;
  std::fprintf(stderr, "%s\n  %s\n", trust.error().message.c_str(), trust.error().cure.c_str());
  return trust.error().code == "untrusted-signer" ? EXIT_SUCCESS : kExitConfig;
}

int failed(const Error& error, int code) {
  log::error(log::names::kAgentFailed,
             {{"code", error.code}, {"detail", error.message}, {"cure", error.cure}});
  return code;
}

int code_for(const std::string& error) {
  if (error.starts_with("socket-")) return kExitSocket;
  if (error.starts_with("database-") || error.starts_with("identity-") ||
      error == "file-not-written")
    return kExitState;
  return kExitStartup;
}

/// Small and predictable: one heap for the few threads, files for the owner alone, no death by a
/// closed socket, or by a file that may not grow: the database says so, and waits for space.
void set_up_process() {
  mallopt(M_ARENA_MAX, 1);
  ::umask(0077);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // Each client on the network takes a descriptor: as many as the machine's owner allows.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, kMaxFiles);
  ::setrlimit(RLIMIT_NOFILE, &files);
}

int run(Config config, const std::string& file) {
  auto parts = load_parts(std::move(config), file);
  if (!parts) {
    const int code = code_for(parts.error().code);
    return failed(parts.error(), code == kExitStartup ? kExitConfig : code);
  }
  App app(std::move(*parts));
  if (const auto started = app.start(); !started)
    return failed(started.error(), code_for(started.error().code));
  // A worker that hangs in its driver cannot be ended: leave without tearing down what it uses.
  if (!app.run()) std::_Exit(EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  set_up_process();
  log::open(log::Level::info);
  auto config = read_config(options);
  if (!config) {
    for (const auto& problem : config.error())
      std::fprintf(stderr, "%s\n", to_string(problem).c_str());
    return kExitConfig;
  }
  if (options.check_only) return check(*config);
  log::set_level(config->log_level);
  return run(std::move(*config), options.config);
}
