#pragma once

#include <memory>
#include <string>

#include "drivers/usb/report_pipe.h"
#include "drivers/usb/wait.h"

namespace latchkey {

/// A key on an emulated port: a Unix SOCK_SEQPACKET socket, one report per packet, closed when it
/// is unplugged.
class EmulatedPipe final : public ReportPipe {
 public:
  /// `node` is "<socket path>#<key name>". Waits at most a second for the port's answer.
  static KeyResult<std::unique_ptr<ReportPipe>> open(const std::string& node);

  KeyResult<void> write(const Report& report, Deadline deadline) override;
  KeyResult<Report> read(Deadline deadline) override;
  void cancel() noexcept override { wake_.signal(); }

 private:
  EmulatedPipe(Fd socket, Wake wake) : socket_(std::move(socket)), wake_(std::move(wake)) {}
  KeyResult<Bytes> receive(std::size_t limit, Deadline deadline);
  KeyResult<void> request(const std::string& id, Deadline deadline);

  Fd socket_;
  Wake wake_;
};

}  // namespace latchkey
