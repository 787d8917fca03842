#pragma once

#include <optional>

#include "drivers/hidkey/ctaphid.h"
#include "drivers/hidkey/protocol.h"
#include "tools/latchkey-emulator/hidkey/key_state.h"

namespace latchkey::emulator {

/// The key commands of docs/protocol-hidkey.md section 4 on a state. Every request is hostile.
class Applet {
 public:
  using Answer = tl::expected<Bytes, ctaphid::ErrorCode>;
  static constexpr std::uint32_t kSlotCapacity = 16384;

  Applet(KeyState state, Persist persist);

  Answer execute(std::uint8_t command, ByteView payload);
  /// Power lost: what was written but not committed is no more.
  void power_off() { staged_.reset(); }

  const KeyState& state() const { return state_; }
  /// Takes both slots of another key, as a copier of flash chips would; false when not durable.
  bool copy_content(const KeyState& from);
  /// Answers as if no license had ever been written.
  void hide_license(bool hidden) { hidden_ = hidden; }

 private:
  /// A slot that is being written.
  struct Staged {
    std::uint8_t slot = 0;
    Bytes content;
  };

  Answer hello() const;
  Answer prove(ByteView payload) const;
  Answer read(ByteView payload) const;
  Answer write(ByteView payload);
  Answer commit(ByteView payload);
  Answer store_stamp(ByteView payload);
  std::optional<std::uint8_t> winner() const;
  Answer begin_slot(std::uint8_t slot);
  bool replace(KeyState next);

  KeyState state_;
  Persist persist_;
  std::optional<Staged> staged_;
  bool hidden_ = false;
};

}  // namespace latchkey::emulator
