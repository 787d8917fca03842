#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "tools/latchkey-emulator/device/fault.h"
#include "tools/latchkey-emulator/device/usb.h"

namespace latchkey::emulator {

/// An emulated USB device of any kind: transfers in, transfers out. No sockets, no threads, no
/// clock of its own: the time comes in. A face (USB/IP, the emulated port) calls
///   attach()                      when it is plugged in,
///   write(endpoint, data, now)    for each transfer from the host,
///   read(endpoint, now)           until it has none, each time and again at `next_due(endpoint)`,
///   attached()                    after either: a fault may have unplugged it,
///   detach()                      when it is pulled.
/// Every transfer is hostile.
class Device {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  /// Through endpoint 1 in both directions goes what the agent's driver speaks, with every kind of
  /// device: all that an emulated port carries.
  static constexpr std::uint8_t kKeyEndpoint = 1;

  virtual ~Device() = default;

  /// The agent's driver for it: `hidkey`, `piv`.
  virtual std::string_view driver() const = 0;
  virtual const UsbProfile& usb() const = 0;

  virtual void attach() = 0;
  virtual void detach() = 0;
  virtual bool attached() const = 0;

  /// `endpoint` is a number without the direction, 1 to 15; one that is not there ignores it all.
  virtual void write(std::uint8_t endpoint, ByteView transfer, Instant now) = 0;
  virtual std::optional<Bytes> read(std::uint8_t endpoint, Instant now) = 0;
  /// When to call read again; nothing while only the host can change anything.
  virtual std::optional<Instant> next_due(std::uint8_t endpoint) const = 0;
  /// A class-specific request on endpoint 0: the data of an IN request, nothing for an OUT one; no
  /// value stalls.
  virtual std::optional<Bytes> class_request(const Setup& setup, ByteView data, Instant now) = 0;

  /// Error: `unknown-fault`, this kind of device does not have it.
  virtual Result<void> set_fault(Fault fault) = 0;
  virtual Fault fault() const = 0;
  /// What stands in the license slots of another key of the same kind, but not its private key:
  /// what a thief can copy (SPEC SEC-4). Errors: `wrong-kind`, `state-unwritable`.
  virtual Result<void> copy_content(const Device& from) = 0;
  /// What `ctl list` says of it.
  virtual nlohmann::json describe() const = 0;
};

/// The two errors of Device::copy_content.
tl::unexpected<Error> wrong_kind();
tl::unexpected<Error> unwritable();

}  // namespace latchkey::emulator
