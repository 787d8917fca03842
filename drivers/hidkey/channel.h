#pragma once

#include <memory>

#include "core/base/random.h"
#include "drivers/hidkey/ctaphid.h"
#include "drivers/usb/report_pipe.h"

namespace latchkey::hidkey {

/// The host's end of one CTAPHID channel. Single-threaded but for `cancel`. After any error the
/// next call starts with INIT under a fresh nonce, so that nothing left over from the failed one is
/// taken for its answer.
class Channel {
 public:
  /// Silence after which a key is given up; KEEPALIVE starts it anew, within the call's deadline.
  static constexpr std::chrono::milliseconds kSilence{1000};

  Channel(std::unique_ptr<ReportPipe> pipe, FillRandom random);

  /// One request and its answer. `payload` has at most ctaphid::kMaxMessage bytes.
  KeyResult<Bytes> call(std::uint8_t command, ByteView payload, Deadline deadline);
  void cancel() noexcept { pipe_->cancel(); }

 private:
  KeyResult<Bytes> attempt(std::uint8_t command, ByteView payload, Deadline deadline);
  KeyResult<void> synchronise(Deadline deadline);
  KeyResult<void> initialise(std::uint32_t on_channel, Deadline deadline);
  KeyResult<bool> match_init(const Report& report, std::uint32_t on_channel, ByteView nonce);
  KeyResult<void> send(std::uint8_t command, ByteView payload, Deadline deadline);
  KeyResult<ctaphid::Message> receive(Deadline deadline);
  KeyResult<void> discard_until(Deadline when);

  std::unique_ptr<ReportPipe> pipe_;
  FillRandom random_;
  std::uint32_t channel_ = ctaphid::kBroadcast;  ///< kBroadcast: none allocated
  bool in_step_ = false;                         ///< the device expects a request on channel_
};

}  // namespace latchkey::hidkey
