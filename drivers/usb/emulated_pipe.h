#pragma once

#include <memory>
#include <string>

#include "drivers/usb/emulated_socket.h"
#include "drivers/usb/report_pipe.h"

namespace latchkey {

/// An HID key on an emulated port: one report per packet.
class EmulatedPipe final : public ReportPipe {
 public:
  /// `node` is "<socket path>#<key name>". Waits at most a second for the port's answer.
  static KeyResult<std::unique_ptr<ReportPipe>> open(const std::string& node);

  KeyResult<void> write(const Report& report, Deadline deadline) override {
    return socket_.send(report, wake_, deadline);
  }
  KeyResult<Report> read(Deadline deadline) override;
  void cancel() noexcept override { wake_.signal(); }

 private:
  EmulatedPipe(EmulatedSocket socket, Wake wake)
      : socket_(std::move(socket)), wake_(std::move(wake)) {}

  EmulatedSocket socket_;
  Wake wake_;
};

}  // namespace latchkey
