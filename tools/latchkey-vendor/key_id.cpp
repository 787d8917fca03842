#include "core/usbkey/key_id.h"

#include "tools/latchkey-vendor/device.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

Result<void> print_key_id(const DeviceOptions& options, Session& session) {
  LK_TRY(const auto key, open_license_key(options));
  const TrustStore nobody({});
  LK_TRY(const auto bench, Bench::create(nobody));
  const auto result = read_key(*key, bench.context());
  if (!result) return fail("gone", "The key was pulled out.", "Insert it and repeat.");
  const auto& reading = result->reading;
  if (reading.key_id.empty()) {
    const auto fault = reading.fault.value_or(KeyFault::unreadable);
    return fail(std::string(to_string(fault)), std::string(message(fault)),
                std::string(cure(fault)));
  }
  session.out << reading.key_id << '\n';
  return {};
}

}  // namespace

void add_key_id(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("key-id", "print the key ID that a USB key proves to have");
  add_device(*verb, on_chosen<DeviceOptions>(*verb, session, print_key_id));
}

}  // namespace latchkey::vendor
