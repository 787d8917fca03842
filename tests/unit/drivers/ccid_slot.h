#pragma once

#include <memory>
#include <vector>

#include "drivers/ccid/ccid_card.h"
#include "tests/support/fake_reader.h"
#include "tests/unit/drivers/samples.h"

namespace latchkey::test {

inline Bytes with_status(Bytes data) {
  data.insert(data.end(), {0x90, 0x00});
  return data;
}

/// A card over a fake reader.
struct Slot {
  explicit Slot(Bytes descriptor = ccid_descriptor()) {
    auto owned = std::make_unique<FakeReader>();
    reader = owned.get();
    reader->descriptor = std::move(descriptor);
    card = std::make_unique<ccid::CcidCard>(std::move(owned), "USB");
  }
  /// A script may use what its test has declared after the slot.
  ~Slot() { reader->script = nullptr; }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  std::vector<ccid::Command> types() const {
    std::vector<ccid::Command> out;
    for (const auto& command : reader->commands) out.push_back(command.type);
    return out;
  }
  FakeReader* reader;
  std::unique_ptr<ccid::CcidCard> card;
};

inline const Bytes kApdu{0x00, 0xA4, 0x04, 0x00};
inline const Bytes kGood = with_status(kApdu);

}  // namespace latchkey::test
