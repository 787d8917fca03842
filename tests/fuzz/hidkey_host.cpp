#include <algorithm>
#include <cstdint>

#include "drivers/hidkey/hid_key.h"

// SPEC SEC-3: a host against a device that says whatever it likes. Input: the operation, then one
// record per read, a control byte (bit 0: silence, bit 1: a short report) followed, unless silent,
// by 64 bytes.
namespace {

using namespace latchkey;

class ScriptedPipe final : public ReportPipe {
 public:
  explicit ScriptedPipe(ByteView script) : script_(script) {}
  KeyResult<void> write(const Report&, Deadline) override { return {}; }
  KeyResult<Report> read(Deadline deadline) override {
    // A host that throws leftovers away must not eat the script.
    if (deadline <= std::chrono::steady_clock::now()) return key_fail(KeyError::Kind::timeout, "");
    if (script_.empty()) return key_fail(KeyError::Kind::gone, "");
    const auto control = take(1)[0];
    if (control & 1) return key_fail(KeyError::Kind::timeout, "");
    Report report{};
    std::ranges::copy(take(report.size()), report.begin());
    if (control & 2) return key_fail(KeyError::Kind::protocol, "");
    return report;
  }
  void cancel() noexcept override {}

 private:
  ByteView take(std::size_t most) {
    const auto part = script_.first(std::min(most, script_.size()));
    script_ = script_.subspan(part.size());
    return part;
  }
  ByteView script_;
};

/// Zeros, so that the seeds' INIT answers carry the right nonce.
bool no_random(std::span<std::uint8_t> out) {
  std::ranges::fill(out, std::uint8_t{0});
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  hidkey::HidKey key(std::make_unique<ScriptedPipe>(ByteView(data + 1, size - 1)),
                     std::make_shared<hidkey::ContentCache>(), no_random);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  if (data[0] & 1) (void)key.public_key(deadline);
  if (data[0] & 2) (void)key.prove(Bytes(32), deadline);
  if (data[0] & 4) (void)key.read_license(deadline);
  if (data[0] & 8) (void)key.write_license(Bytes(200, 7), deadline);
  if (data[0] & 16) (void)key.read_stamp(deadline);
  if (data[0] & 32) (void)key.write_stamp(Bytes(100, 8), deadline);
  return 0;
}
