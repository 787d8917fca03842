#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "drivers/ccid/messages.h"
#include "drivers/ccid/wire.h"
#include "drivers/usb/bulk_pipe.h"
#include "drivers/usb/report_pipe.h"

namespace latchkey::test {

inline constexpr std::uint32_t kExtendedLevel = 0x0004'00FE;
inline constexpr std::uint32_t kShortLevel = 0x0002'00FE;
inline constexpr std::uint32_t kTpduLevel = 0x0001'00BA;

inline Bytes ccid_descriptor(std::uint32_t features = kExtendedLevel,
                             std::uint32_t max_message = 3072, std::uint8_t voltages = 7) {
  Bytes bytes(40);
  bytes[0] = 54;
  bytes[1] = 0x21;
  bytes[5] = voltages;
  ccid::put_u32(bytes, features);
  ccid::put_u32(bytes, max_message);
  bytes.resize(54);
  return bytes;
}

/// An RDR_to_PC message. `status`: bStatus whole.
inline Bytes ccid_reply(ccid::Answer type, std::uint8_t sequence, ByteView data = {},
                        std::uint8_t status = 0, std::uint8_t error = 0, std::uint8_t chain = 0) {
  Bytes message{static_cast<std::uint8_t>(type)};
  ccid::put_u32(message, static_cast<std::uint32_t>(data.size()));
  for (const std::uint8_t byte : {std::uint8_t{0}, sequence, status, error, chain})
    message.push_back(byte);
  message.insert(message.end(), data.begin(), data.end());
  return message;
}

/// A command as the reader got it.
struct CcidCommand {
  explicit CcidCommand(const Bytes& message)
      : type(static_cast<ccid::Command>(message.at(0))),
        sequence(message.at(6)),
        power_select(message.at(7)),
        level(message.at(8)),
        data(message.begin() + ccid::kHeaderSize, message.end()) {}
  ccid::Command type;
  std::uint8_t sequence;
  std::uint8_t power_select;
  std::uint8_t level;  ///< the low byte of wLevelParameter
  Bytes data;
};

/// A reader with a card that answers every APDU with the APDU itself and 9000, unless told
/// otherwise.
class FakeReader final : public BulkPipe {
 public:
  using Answers = std::vector<Bytes>;
  using Script = std::function<Answers(const CcidCommand&)>;

  ByteView class_descriptor() const override { return descriptor; }
  KeyResult<void> claim(Deadline) override {
    if (busy) return key_fail(KeyError::Kind::busy, "claimed");
    claimed = true;
    return {};
  }
  void release() noexcept override { claimed = false; }

  KeyResult<void> write(ByteView message, Deadline) override {
    const std::lock_guard lock(mutex_);
    if (unplugged) return key_fail(KeyError::Kind::gone, "unplugged");
    longest = std::max(longest, message.size());
    const CcidCommand command(Bytes(message.begin(), message.end()));
    commands.push_back(command);
    const auto current = script;  // which may set another one
    for (auto& answer : current ? current(command) : obey(command)) arriving_.push_back(answer);
    return {};
  }

  KeyResult<Bytes> read(std::size_t limit, Deadline deadline) override {
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, deadline,
                     [this] { return unplugged || cancelled_ || !arriving_.empty(); });
    if (unplugged || cancelled_) return key_fail(KeyError::Kind::gone, "unplugged or cancelled");
    if (arriving_.empty()) return key_fail(KeyError::Kind::timeout, "silent");
    auto message = std::move(arriving_.front());
    arriving_.pop_front();
    if (message.size() > limit) return key_fail(KeyError::Kind::protocol, "too long");
    return message;
  }

  void cancel() noexcept override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    wake_.notify_all();
  }
  void unplug() {
    const std::lock_guard lock(mutex_);
    unplugged = true;
    wake_.notify_all();
  }
  /// What was owed arrives at last.
  void deliver(Bytes message) {
    const std::lock_guard lock(mutex_);
    arriving_.push_back(std::move(message));
    wake_.notify_all();
  }

  /// What a good reader answers.
  Answers obey(const CcidCommand& command) {
    using ccid::Answer;
    const std::uint8_t icc = card ? (powered ? 0 : 1) : 2;
    switch (command.type) {
      case ccid::Command::icc_power_on:
        powered = card;
        if (!card) return {ccid_reply(Answer::data_block, command.sequence, {}, 0x42, 0xFE)};
        return {ccid_reply(Answer::data_block, command.sequence, Bytes{0x3B, 0x80, 1, 1})};
      case ccid::Command::icc_power_off:
        powered = false;
        return {ccid_reply(Answer::slot_status, command.sequence, {}, card ? 1 : 2)};
      case ccid::Command::get_slot_status:
        return {ccid_reply(Answer::slot_status, command.sequence, {}, icc)};
      case ccid::Command::xfr_block:
        break;
    }
    Bytes response = command.data;
    response.insert(response.end(), {0x90, 0x00});
    return {ccid_reply(Answer::data_block, command.sequence, response)};
  }

  Bytes descriptor = ccid_descriptor();
  Script script;
  bool card = true;
  bool powered = false;
  bool busy = false;
  bool claimed = false;
  bool unplugged = false;
  std::size_t longest = 0;  ///< message that was written
  std::vector<CcidCommand> commands;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Bytes> arriving_;
  bool cancelled_ = false;
};

}  // namespace latchkey::test
