#include "tools/latchkey/bundle/write_bundle.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/files/files.h"
#include "tools/latchkey/bundle/agent_answers.h"
#include "tools/latchkey/bundle/configuration.h"
#include "tools/latchkey/bundle/journal.h"
#include "tools/latchkey/bundle/machine_facts.h"
#include "tools/latchkey/bundle/sweep.h"

namespace latchkey::cli {
namespace {

namespace fs = std::filesystem;

/// The secrets of this machine that the caller can read are looked for by their bytes.
Sweep sweep_with(const Settings& settings, const Machine& machine, Bundle& bundle) {
  auto files = settings.secrets;
  for (const char* key : {"identity/deployment.key", "identity/tls.key"})
    files.push_back(settings.state_dir / key);
  files.push_back(machine.client_dir / "key.pem");
  Sweep sweep;
  std::size_t read = 0;
  for (const auto& file : files) read += sweep.know_file(file) ? 1 : 0;
  for (const char* name : {"LATCHKEY_TOKEN", "LATCHKEY_PASSWORD", "LATCHKEY_PASSPHRASE"})
    if (const char* value = std::getenv(name)) sweep.know_text(value);
  bundle.note("secrets, of which the keys in " + std::to_string(read) +
              " files were looked for by their bytes");
  return sweep;
}

void clean(const Sweep& sweep, Bundle& bundle) {
  for (auto& file : bundle.files)
    if (const auto count = sweep.clean(file.content); count > 0)
      bundle.note(file.name + ": " + std::to_string(count) +
                  " passages that looked like a secret stand as (removed)");
  for (auto& note : bundle.notes) sweep.clean(note);
}

Result<void> write(Context& context, const std::string& file, std::string_view bytes) {
  if (file != "-") return tool::write_file(file, bytes, tool::Access::owner, tool::Existing::keep);
  if (::isatty(STDOUT_FILENO) == 1)
    return fail("is-terminal", "A bundle is no text for a terminal.",
                "Name a file, or send it on: `latchkey doctor --bundle - | ssh …`.");
  context.out << bytes << std::flush;
  if (context.out) return {};
  return fail("cannot-write", "Standard output takes no more.");
}

void say(const Context& context, const Bundle& bundle, const std::string& file) {
  if (file == "-") return;
  if (context.json)
    return print_json(
        context, {{"file", file}, {"files", bundle.files.size() + 1}, {"notes", bundle.notes}});
  context.out << "Wrote " << file << ": " << bundle.files.size() + 1
              << " files. index.txt says what is in each, and what is not there.\n"
              << "Look through it before you send it: tar xzf " << file << '\n';
}

}  // namespace

Bundle collect(const net::ApiClient& client, const Machine& machine, const Findings& findings,
               const BundleOptions& options) {
  Bundle bundle;
  bundle.add("doctor.json", "what `latchkey doctor` found", findings_json(findings).dump(2) + "\n");
  add_agent_answers(client, bundle);
  const auto settings = add_configuration(options.config, bundle);
  add_versions(machine.os_release, bundle);
  add_clock(bundle);
  std::vector<fs::path> files{options.config, settings.state_dir, settings.state_dir / "identity"};
  files.insert(files.end(), settings.named.begin(), settings.named.end());
  add_files(files, bundle);
  add_usb(machine.sys, bundle);
  add_journal(bundle);
  const auto sweep = sweep_with(settings, machine, bundle);
  clean(sweep, bundle);
  return bundle;
}

Result<void> write_bundle(Context& context, const Machine& machine, const Findings& findings,
                          const BundleOptions& options) {
  const auto bundle = collect(context.client(), machine, findings, options);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  LK_TRY(const auto archive, pack(bundle, now));
  LK_CHECK(write(context, options.file, as_text(archive)));
  say(context, bundle, options.file);
  return {};
}

}  // namespace latchkey::cli
