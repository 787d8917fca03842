#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct Options {
  std::string prefix;
  KeySource key;
};

Result<void> create(const Options& options, Session& session) {
  LK_TRY(const auto key, create_key(options.prefix, options.key, session));
  session.out << "root key " << key.public_key().fingerprint() << '\n';
  return {};
}

}  // namespace

void add_root_create(CLI::App& group, Session& session) {
  auto* verb = group.add_subcommand("create", "create a root key: PREFIX.key and PREFIX.pub");
  auto& options = on_chosen<Options>(*verb, session, create);
  verb->add_option("-o,--output", options.prefix, "where to put it")
      ->required()
      ->type_name("PREFIX");
  add_key_source(*verb, options.key);
}

}  // namespace latchkey::vendor
