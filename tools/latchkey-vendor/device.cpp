#include "tools/latchkey-vendor/device.h"

#include <poll.h>

#include <filesystem>

#include "drivers/usb/emulated_port_monitor.h"
#include "udev/plugged_in.h"

namespace latchkey::vendor {
namespace {

using std::chrono::steady_clock;

/// Long enough for a token that makes a key pair.
constexpr std::chrono::seconds kCallDeadline{10};
constexpr std::chrono::seconds kPortDeadline{2};

/// A slip of the user deserves a better answer than the driver's "Inappropriate ioctl". Empty for a
/// node of no kind that we know.
std::string driver_of(const std::string& path) {
  std::error_code error;
  const auto node = std::filesystem::canonical(path, error);
  if (error || !std::filesystem::is_character_file(node, error)) return {};
  if (node.filename().string().starts_with("hidraw")) return "hidkey";
  return node.string().starts_with("/dev/bus/usb/") ? "piv" : "";
}

tl::unexpected<Error> no_such_key(const std::string& detail) {
  return fail("gone", "There is no such key: " + detail + ".",
              "Insert the key; check the device's name.");
}

Result<DeviceRef> only_one_plugged_in() {
  LK_TRY(const auto devices, udev::plugged_in());
  if (devices.empty()) return no_such_key("none is plugged in");
  if (devices.size() == 1) return devices.front();
  std::string nodes;
  for (const auto& device : devices) nodes += ' ' + device.node;
  return fail("several-keys", "Several keys and readers are plugged in:" + nodes + ".",
              "Pull the others, or name one with --device.");
}

/// What the port reports of the key with this name.
Result<DeviceRef> find_emulated(const DeviceOptions& options) {
  LK_TRY(auto monitor, EmulatedPortMonitor::connect(options.emulated));
  const auto node = options.emulated + "#" + options.id;
  const auto end = steady_clock::now() + kPortDeadline;
  for (auto now = steady_clock::now(); now < end; now = steady_clock::now()) {
    using Kind = EmulatedPortMonitor::Event::Kind;
    pollfd ready{monitor.fd(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    ::poll(&ready, 1, static_cast<int>(left.count()));
    for (const auto& event : monitor.read_events()) {
      if (event.kind == Kind::added && event.device.node == node) return event.device;
      if (event.kind == Kind::settled || event.kind == Kind::lost)
        return no_such_key(options.id + " is not plugged in at " + options.emulated);
    }
  }
  return no_such_key(options.emulated + " does not answer");
}

}  // namespace

void add_device(CLI::App& verb, DeviceOptions& options, CLI::Option* instead) {
  auto* where = verb.add_option_group("where", "where the USB key is");
  where
      ->add_option("--device", options.device,
                   "a real one; default: the only one that is plugged in")
      ->type_name("/dev/hidrawN|/dev/bus/usb/BBB/DDD");
  auto* emulated = where->add_option("--emulated", options.emulated, "port of the emulator")
                       ->type_name("SOCKET");
  if (instead != nullptr) where->add_option(instead);
  if (instead == nullptr)
    where->require_option(0, 1);
  else
    where->require_option(1);
  auto* id = verb.add_option("--id", options.id, "its name on that port")->needs(emulated);
  emulated->needs(id);
}

Result<DeviceRef> find_device(const DeviceOptions& options) {
  if (!options.emulated.empty()) return find_emulated(options);
  if (options.device.empty()) return only_one_plugged_in();
  const auto driver = driver_of(options.device);
  if (driver.empty())
    return fail("gone", options.device + " is no hidraw and no usbfs node.",
                "Insert the key; `ls /dev/hidraw*` and `lsusb` show what there is.");
  return DeviceRef{options.device, options.device, driver, false};
}

Result<std::unique_ptr<Key>> open_device(const DeviceOptions& options, DriverSettings settings) {
  LK_TRY(const auto device, find_device(options));
  return told(DriverRegistry(std::move(settings)).find(device.driver)->open(device));
}

Result<std::unique_ptr<Key>> open_license_key(const DeviceOptions& options,
                                              DriverSettings settings) {
  LK_TRY(auto key, open_device(options, std::move(settings)));
  LK_CHECK(told(patiently([&] { return key->public_key(call_deadline()); })));
  return key;
}

tl::unexpected<Error> refusal(const KeyError& error) {
  if (error.kind == KeyError::Kind::not_a_key)
    return fail("not-a-key", "It is no license key: " + error.detail + ".",
                "`latchkey-vendor prepare` makes a PIV token one.");
  if (error.kind == KeyError::Kind::refused)
    return fail("refused", "The key refused: " + error.detail + ".",
                "Where a token wants its management key: --management-keys FILE. "
                "`latchkey-vendor inspect` shows what is on the key.");
  const auto reading = failed_reading(error);
  if (!reading) return no_such_key(error.detail);
  return fail(std::string(to_string(*reading->fault)),
              std::string(message(*reading->fault)) + " (" + error.detail + ")",
              std::string(cure(*reading->fault)));
}

Result<piv::ManagementKeys> open_management_keys(const std::string& path) {
  piv::ManagementKeys out;
  if (!path.empty()) {
    LK_TRY(out, piv::ManagementKeys::load(path));
  }
  out.set_fallback(piv::factory_management_key());
  return out;
}

Deadline call_deadline() { return steady_clock::now() + kCallDeadline; }

Result<Bench> Bench::create(const TrustStore& trust) {
  LK_TRY(auto key, PrivateKey::generate(KeyAlgorithm::ed25519));
  return Bench(trust, std::move(key));
}

ReadContext Bench::context() const {
  return {*trust_, key_.public_key(), system_random, call_deadline};
}

}  // namespace latchkey::vendor
