#include "tools/files/files.h"
#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct QuickstartOptions {
  std::string name = "issuer";
  int days = 365;
};

/// The same files as `root create`, `issuer create` and `trust sign` make, under the names that
/// docs/vendor.md gives them.
Result<void> quickstart(const QuickstartOptions& options, Session& session) {
  const auto start = std::chrono::floor<std::chrono::seconds>(session.now);
  LK_TRY(const auto validity, window_of({{}, {}, options.days}, start));
  LK_TRY(const auto root, create_key("root", {}, session));
  LK_TRY(const auto key, create_key("issuer", {}, session));
  const Issuer issuer{options.name, key.public_key(), {"license"}, validity};
  LK_CHECK(save_issuer("issuer", issuer));
  TrustBundle bundle;
  bundle.version = 1;
  bundle.issued = start;
  bundle.issuers = {issuer};
  LK_TRY(const auto envelope, sign_trust(bundle, {&root, 1}));
  LK_CHECK(tool::write_file("bundle.json", envelope + "\n", tool::Access::everyone,
                            tool::Existing::keep));
  session.out << "root.key    signs trust bundles: keep it offline\n"
              << "issuer.key  signs licenses, for " << options.days << " days\n"
              << "root.pub and bundle.json belong into /etc/latchkey/trust of each node.\n";
  return {};
}

}  // namespace

void add_quickstart(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand(
      "quickstart", "make a root key, an issuing key and a trust bundle in this folder");
  auto& options = on_chosen<QuickstartOptions>(*verb, session, quickstart);
  verb->add_option("--name", options.name, "the issuing key's name in bundles and licenses")
      ->capture_default_str();
  verb->add_option("--days", options.days, "how long the issuing key may sign")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

}  // namespace latchkey::vendor
