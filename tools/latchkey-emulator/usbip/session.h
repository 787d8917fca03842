#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/latchkey-emulator/hidkey/hid_device.h"
#include "tools/latchkey-emulator/usbip/wire.h"

namespace latchkey::emulator::usbip {

/// The devices that can be imported, as the sessions see them.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual std::vector<ExportedDevice> devices() const = 0;
  /// Takes the device for one session. It stays valid as long as the session is fed.
  virtual tl::expected<Device*, OperationStatus> take(const std::string& bus_id) = 0;
};

/// One client's connection: bytes in, bytes out, no socket and no clock of its own. It lists
/// devices, or imports one and then carries that device's transfers until it ends. Bounded whatever
/// the client sends.
class Session {
 public:
  using Instant = Device::Instant;
  static constexpr std::size_t kMaxPendingTransfers = 256;

  Session(Bus& bus, std::function<void(ByteView)> send) : bus_(bus), send_(std::move(send)) {}

  /// Takes what has arrived. False: the connection is to be closed after what was sent: a list was
  /// answered, an import refused, or the client broke the protocol.
  [[nodiscard]] bool receive(ByteView data, Instant now);
  /// Gives data that is due to waiting IN transfers. For each time at `next_due()`.
  void pump(Instant now);
  /// When to call pump again; nothing while only the client can change anything.
  std::optional<Instant> next_due() const;
  /// The bus ID of the imported device; empty before that.
  const std::string& bus_id() const { return imported_.bus_id; }

 private:
  struct PendingIn {
    std::uint32_t sequence = 0;
    std::uint32_t length = 0;
    std::uint8_t endpoint = 0;
  };
  enum class Step { done, more, close };

  Step step(Instant now);
  Step operate();
  Step import_device();
  Step transfer(Instant now);
  bool submit(const UrbRequest& request, ByteView data, Instant now);
  void submit_control(const UrbRequest& request, ByteView data, Instant now);
  bool complete(const PendingIn& transfer, Instant now);
  void unlink(const UrbRequest& request);
  void consume(std::size_t count) {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  Bus& bus_;
  std::function<void(ByteView)> send_;
  Bytes input_;
  Device* device_ = nullptr;
  ExportedDevice imported_;
  std::vector<PendingIn> pending_;  ///< IN transfers that wait for data, in their order
  /// By endpoint: what has not been fetched of the device's last transfer; empty is the
  /// zero-length packet that ends it.
  std::map<std::uint8_t, Bytes> rest_;
};

}  // namespace latchkey::emulator::usbip
