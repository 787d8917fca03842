#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "core/ports.h"
#include "core/usbkey/read_key.h"
#include "drivers/registry/registry.h"

namespace latchkey::vendor {

/// Which USB key to work with; when none is named, the only one that is plugged in.
struct DeviceOptions {
  std::string device;    ///< hidraw or usbfs node
  std::string emulated;  ///< socket of an emulated port
  std::string id;        ///< name of the key on that port
  bool given() const { return !device.empty() || !emulated.empty(); }
};
/// `instead`: an option that stands for a device; one of both must then be given.
void add_device(CLI::App& verb, DeviceOptions& options, CLI::Option* instead = nullptr);

/// Its name and driver: a hidraw node is a HID key, a usbfs node a smart card; an emulated port
/// says what its key is. Errors: `gone`, `several-keys`.
Result<DeviceRef> find_device(const DeviceOptions& options);
/// Errors: the names of SPEC KEY-3, `gone`.
Result<std::unique_ptr<Key>> open_device(const DeviceOptions& options,
                                         DriverSettings settings = {});
/// The same, and it has a public key, as every license key does. Also `not-a-key`.
Result<std::unique_ptr<Key>> open_license_key(const DeviceOptions& options,
                                              DriverSettings settings = {});

/// What a driver's error is for the person at the desk.
tl::unexpected<Error> refusal(const KeyError& error);
template <class T>
Result<T> told(KeyResult<T> result) {
  return std::move(result).map_error(
      [](const KeyError& error) -> Error { return refusal(error).value(); });
}

/// What is busy is tried again for some seconds: the agent of this machine reads what was just
/// plugged in.
template <class Call>
auto patiently(Call call) {
  constexpr std::chrono::seconds kBusyFor{5};
  constexpr std::chrono::milliseconds kPause{200};
  const auto end = std::chrono::steady_clock::now() + kBusyFor;
  auto outcome = call();
  while (!outcome && outcome.error().kind == KeyError::Kind::busy &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kPause);
    outcome = call();
  }
  return outcome;
}

/// A management key file's keys, and the factory's key for every token that has no line in it; an
/// empty path is no file. Errors: those of piv::ManagementKeys::load.
Result<piv::ManagementKeys> open_management_keys(const std::string& path);

/// Until when one call of a driver may take.
Deadline call_deadline();

/// A deployment of one for the time of a command: the vendor has the key prove itself like an
/// agent.
class Bench {
 public:
  /// `trust` must outlive it.
  static Result<Bench> create(const TrustStore& trust);
  ReadContext context() const;

 private:
  Bench(const TrustStore& trust, PrivateKey key) : trust_(&trust), key_(std::move(key)) {}

  const TrustStore* trust_;
  PrivateKey key_;
};

}  // namespace latchkey::vendor
