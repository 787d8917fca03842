#include "drivers/usb/emulated_pipe.h"

#include <algorithm>

namespace latchkey {

KeyResult<std::unique_ptr<ReportPipe>> EmulatedPipe::open(const std::string& node) {
  auto wake = Wake::create();
  if (!wake) return tl::make_unexpected(key_error_from_errno(wake.error(), "eventfd"));
  LK_TRY(auto socket,
         EmulatedSocket::open(node, *wake,
                              std::chrono::steady_clock::now() + EmulatedSocket::kOpenTime));
  return std::unique_ptr<ReportPipe>(new EmulatedPipe(std::move(socket), std::move(*wake)));
}

KeyResult<Report> EmulatedPipe::read(Deadline deadline) {
  LK_TRY(const auto packet, socket_.receive(kReportSize, wake_, deadline));
  if (packet.size() != kReportSize)
    return key_fail(KeyError::Kind::protocol,
                    "report of " + std::to_string(packet.size()) + " bytes");
  Report report{};
  std::ranges::copy(packet, report.begin());
  return report;
}

}  // namespace latchkey
