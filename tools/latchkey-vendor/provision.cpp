#include "core/usbkey/provision.h"

#include "tools/latchkey-vendor/device.h"
#include "tools/latchkey-vendor/documents.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct Options {
  std::string file;
  DeviceOptions device;
  TrustOptions trust;
  std::string management_keys;
};

Result<void> write_license(const Options& options, Session& session) {
  LK_TRY(const auto envelope, read_document(options.file));
  LK_TRY(const auto trust, open_trust(options.trust));
  LK_TRY(auto management_keys, open_management_keys(options.management_keys));
  LK_TRY(const auto key, open_license_key(options.device, {std::move(management_keys)}));
  LK_TRY(const auto bench, Bench::create(trust));
  LK_TRY(const auto reading, latchkey::provision(*key, envelope, bench.context()));
  session.out << reading.key_id << " carries license " << reading.license->id << '\n';
  return {};
}

}  // namespace

void add_provision(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("provision", "put a license on the USB key it was issued for");
  auto& options = on_chosen<Options>(*verb, session, write_license);
  verb->add_option("file", options.file, "license")->required()->type_name("FILE");
  add_device(*verb, options.device);
  add_trust(*verb, options.trust, true);
  verb->add_option("--management-keys", options.management_keys,
                   "for PIV tokens that no longer have the factory's management key")
      ->type_name("FILE");
}

}  // namespace latchkey::vendor
