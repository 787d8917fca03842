#include "tools/latchkey-vendor/vendor.h"

#include <latchkey_version.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "tools/latchkey-vendor/verbs.h"
#include "tools/terminal/usage.h"

namespace latchkey::vendor {
namespace {

constexpr int kRefused = 1, kUsage = 2;

CLI::App& group(CLI::App& app, const std::string& name, const std::string& about) {
  auto* out = app.add_subcommand(name, about);
  out->require_subcommand(1);
  return *out;
}

int refuse(const Error& error, std::ostream& err, int exit_code) {
  err << "latchkey-vendor: " << error.code << ": " << error.message << '\n';
  if (!error.cure.empty()) err << error.cure << '\n';
  return exit_code;
}

}  // namespace

void describe(CLI::App& app, Session& session) {
  app.description("Create keys, sign trust bundles and licenses, and put them on USB keys.");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--passphrase-file", session.passphrase_file,
                 "first line opens the private keys (else $LATCHKEY_PASSPHRASE, else asked)");
  app.add_option("--catalog", session.catalog, "what can be licensed; default: the built-in one")
      ->type_name("FILE");
  add_quickstart(app, session);
  add_root_create(group(app, "root", "root keys: they sign trust bundles"), session);
  add_issuer_create(group(app, "issuer", "issuing keys: they sign licenses"), session);
  add_trust_sign(group(app, "trust", "trust bundles: whom an agent believes"), session);
  add_issue(app, session);
  add_package(app, session);
  add_time_repair(app, session);
  add_catalog(app, session);
  add_inspect(app, session);
  add_verify(app, session);
  add_prepare(app, session);
  add_key_id(app, session);
  add_provision(app, session);
}

int run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err, Time now) {
  Session session{out, err, now, {}, {}, {}};
  CLI::App app("", "latchkey-vendor");
  describe(app, session);
  try {
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, out, err);  // help, version
    return refuse(usage_error(app, error), err, kUsage);
  }
  if (session.outcome && !out.flush())
    session.outcome = fail("cannot-write", "Not all of the answer could be written.",
                           "Check the free space where it goes.");
  return session.outcome ? 0 : refuse(session.outcome.error(), err, kRefused);
}

}  // namespace latchkey::vendor
