#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct Options {
  std::string name;
  std::string prefix;
  KeySource key;
  std::vector<std::string> scopes{"license"};
  Period period;
};

Result<void> create(const Options& options, Session& session) {
  LK_TRY(const auto validity,
         window_of(options.period, std::chrono::floor<std::chrono::seconds>(session.now)));
  for (const auto& scope : options.scopes)
    if (!is_scope(scope))
      return fail("invalid-scope", "`" + scope + "` is no scope.",
                  "Use license, license:OBJECT or time.");
  LK_TRY(const auto key, create_key(options.prefix, options.key, session));
  LK_CHECK(save_issuer(options.prefix, {options.name, key.public_key(), options.scopes, validity}));
  session.out << "issuing key " << key.public_key().fingerprint() << '\n';
  return {};
}

}  // namespace

void add_issuer_create(CLI::App& group, Session& session) {
  auto* verb = group.add_subcommand(
      "create", "create an issuing key: PREFIX.key, PREFIX.pub and PREFIX.issuer.json");
  auto& options = on_chosen<Options>(*verb, session, create);
  verb->add_option("--name", options.name, "its name in bundles and licenses")->required();
  verb->add_option("-o,--output", options.prefix, "where to put it")
      ->required()
      ->type_name("PREFIX");
  verb->add_option("--scope", options.scopes, "license, license:OBJECT or time; may be repeated")
      ->capture_default_str();
  add_period(*verb, options.period);
  add_key_source(*verb, options.key);
}

}  // namespace latchkey::vendor
