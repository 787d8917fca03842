#include "tools/latchkey-vendor/device.h"

#include <filesystem>

#include "drivers/hidkey/hid_key.h"

namespace latchkey::vendor {
namespace {

constexpr std::chrono::seconds kCallDeadline{10};

/// A slip of the user deserves a better answer than the driver's "Inappropriate ioctl".
bool is_hidraw(const std::string& path) {
  std::error_code error;
  const auto node = std::filesystem::canonical(path, error);
  return !error && node.filename().string().starts_with("hidraw") &&
         std::filesystem::is_character_file(node, error);
}

DeviceRef device_ref(const DeviceOptions& options) {
  if (options.emulated.empty()) return {options.device, options.device, "hidkey", false};
  return {options.id, options.emulated + "#" + options.id, "hidkey", true};
}

}  // namespace

void add_device(CLI::App& verb, DeviceOptions& options) {
  auto* where = verb.add_option_group("where", "where the USB key is");
  where->add_option("--device", options.device, "a real one")->type_name("/dev/hidrawN");
  auto* emulated = where->add_option("--emulated", options.emulated, "port of the emulator")
                       ->type_name("SOCKET");
  where->require_option(1);
  auto* id = verb.add_option("--id", options.id, "its name on that port")->needs(emulated);
  emulated->needs(id);
}

Result<std::unique_ptr<Key>> open_device(const DeviceOptions& options) {
  if (options.emulated.empty() && !is_hidraw(options.device))
    return fail("gone", options.device + " is no hidraw node.",
                "Insert the key; `ls /dev/hidraw*` shows the nodes there are.");
  auto key = hidkey::HidKeyDriver().open(device_ref(options));
  if (key) return *std::move(key);
  const auto reading = failed_reading(key.error());
  if (!reading)
    return fail("gone", "There is no such key: " + key.error().detail + ".",
                "Insert the key; check the device's name.");
  return fail(std::string(to_string(*reading->fault)),
              std::string(message(*reading->fault)) + " (" + key.error().detail + ")",
              std::string(cure(*reading->fault)));
}

Result<Bench> Bench::create(const TrustStore& trust) {
  LK_TRY(auto key, PrivateKey::generate(KeyAlgorithm::ed25519));
  return Bench(trust, std::move(key));
}

ReadContext Bench::context() const {
  return {*trust_, key_.public_key(), system_random,
          [] { return std::chrono::steady_clock::now() + kCallDeadline; }};
}

}  // namespace latchkey::vendor
