#include <CLI/CLI.hpp>
#include <iterator>

#include "tools/files/files.h"
#include "tools/latchkey-vendor/documents.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string output;
};

Result<void> package(const Options& options, Session& session) {
  std::vector<PackagedDocument> documents;
  for (const auto& file : options.files) {
    LK_TRY(auto more, read_documents(file));
    for (auto& document : more) document.name = file + ": " + document.name;
    std::ranges::move(more, std::back_inserter(documents));
  }
  const auto count = documents.size();
  LK_TRY(const auto bytes, make_package(std::move(documents)));
  LK_CHECK(tool::write_file(options.output, as_text(bytes), tool::Access::everyone,
                            tool::Existing::replace));
  session.out << "package of " << count << " document(s), " << bytes.size() << " bytes\n";
  return {};
}

}  // namespace

void add_package(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("package", "put documents into one file to upload");
  auto& options = on_chosen<Options>(*verb, session, package);
  verb->add_option("files", options.files, "licenses, trust bundles, or packages of them")
      ->required()
      ->type_name("FILE");
  verb->add_option("-o,--output", options.output, "package to write")
      ->required()
      ->type_name("FILE.tar.gz");
}

}  // namespace latchkey::vendor
