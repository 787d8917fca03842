#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "core/base/big_endian.h"
#include "drivers/piv/piv_key.h"
#include "drivers/piv/provisioner.h"
#include "drivers/usb/report_pipe.h"

// SPEC SEC-3: a host against a smart card that answers whatever it likes. Input: the operation; a
// byte whose lowest bit lets extended APDUs pass; then the answers, each its length in two bytes
// and that many bytes.
namespace {

using namespace latchkey;

class ScriptedCard final : public Card {
 public:
  explicit ScriptedCard(ByteView script, int& open)
      : extended_(!script.empty() && (script[0] & 1) != 0),
        script_(script.empty() ? script : script.subspan(1)),
        open_(open) {}

  KeyResult<CardLimits> begin(Deadline) override {
    ++open_;
    return extended_ ? CardLimits{1346, 65538} : CardLimits{};
  }
  KeyResult<Bytes> transmit(ByteView, Deadline) override {
    if (script_.size() < 2) return key_fail(KeyError::Kind::gone, "");
    const std::size_t length = get_u16(script_, 0);
    script_ = script_.subspan(2);
    const auto answer = script_.first(std::min(length, script_.size()));
    script_ = script_.subspan(answer.size());
    return Bytes(answer.begin(), answer.end());
  }
  void end(Leave) noexcept override { --open_; }
  void cancel() noexcept override {}
  std::string_view way() const override { return "fuzz"; }

 private:
  bool extended_;
  ByteView script_;
  int& open_;
};

/// Zeros, so that the seeds' answers to the challenge are right.
bool no_random(std::span<std::uint8_t> out) {
  std::ranges::fill(out, std::uint8_t{0});
  return true;
}

std::shared_ptr<const piv::ManagementKeys> factory_keys() {
  piv::ManagementKeys keys;
  keys.set_fallback(piv::factory_management_key());
  return std::make_shared<const piv::ManagementKeys>(keys);
}

void run(std::uint8_t operation, std::unique_ptr<Card> card) {
  const auto deadline = Deadline::max();
  if (operation == 7) return static_cast<void>(piv::inspect_token(*card, deadline));
  if (operation == 8)
    return static_cast<void>(piv::prepare_token(*card, piv::factory_management_key(), deadline));
  piv::PivKey key(std::move(card), factory_keys(), no_random);
  if (operation == 0) (void)key.public_key(deadline);
  if (operation == 1) (void)key.prove(Bytes(32), deadline);
  if (operation == 2) (void)key.read_license(deadline);
  if (operation == 3) (void)key.write_license(Bytes(200, 7), deadline);
  if (operation == 4) (void)key.read_stamp(deadline);
  if (operation == 5) (void)key.write_stamp(Bytes(100, 8), deadline);
  if (operation == 6 && key.public_key(deadline)) (void)key.check_present(deadline);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  int open = 0;
  run(data[0] % 9, std::make_unique<ScriptedCard>(ByteView(data + 1, size - 1), open));
  if (open != 0) std::abort();  // the card was not given back
  return 0;
}
