#include <algorithm>
#include <chrono>
#include <cstdint>

#include "drivers/ccid/ccid_card.h"
#include "drivers/usb/report_pipe.h"

// SPEC SEC-3: a host against a reader that says whatever it likes. Input: the 54 bytes of the class
// descriptor, then one record per read: a control byte (bit 0: silence; bit 1: nothing is put
// right) and two bytes of length, then as many bytes. Unless left as they are, the slot and the
// sequence number of an answer are put right, so that what lies behind them is reached.
namespace {

using namespace latchkey;

class ScriptedPipe final : public BulkPipe {
 public:
  explicit ScriptedPipe(ByteView script) : script_(script) {
    const auto head = take(descriptor_.size());
    std::ranges::copy(head, descriptor_.begin());
    descriptor_[0] = 54;
    descriptor_[1] = 0x21;
  }
  ByteView class_descriptor() const override { return descriptor_; }
  KeyResult<void> claim(Deadline) override { return {}; }
  void release() noexcept override {}
  KeyResult<void> write(ByteView message, Deadline) override {
    if (message.size() < ccid::kHeaderSize || message.size() > ccid::kMaxMessage) __builtin_trap();
    sequence_ = message[6];
    return {};
  }
  KeyResult<Bytes> read(std::size_t limit, Deadline) override {
    if (script_.size() < 3) return key_fail(KeyError::Kind::gone, "");
    const auto record = take(3);
    if (record[0] & 1) return key_fail(KeyError::Kind::timeout, "");
    const auto part = take(record[1] | record[2] << 8);
    if (part.size() > limit) return key_fail(KeyError::Kind::protocol, "");
    Bytes message(part.begin(), part.end());
    if (!(record[0] & 2) && message.size() >= ccid::kHeaderSize) {
      message[5] = 0;
      message[6] = sequence_;
    }
    return message;
  }
  void cancel() noexcept override {}

 private:
  ByteView take(std::size_t most) {
    const auto part = script_.first(std::min(most, script_.size()));
    script_ = script_.subspan(part.size());
    return part;
  }
  ByteView script_;
  Bytes descriptor_ = Bytes(54);
  std::uint8_t sequence_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ccid::CcidCard card(std::make_unique<ScriptedPipe>(ByteView(data, size)), "USB");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  for (const std::size_t command : {5, 700, 5}) {
    if (!card.begin(deadline)) continue;
    if (const auto response = card.transmit(Bytes(command, 1), deadline))
      if (response->size() < 2 || response->size() > 65'538) __builtin_trap();
    (void)card.transmit(Bytes(command, 2), deadline);
  }
  return 0;
}
