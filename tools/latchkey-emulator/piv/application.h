#pragma once

#include <optional>

#include "tools/latchkey-emulator/piv/apdu.h"
#include "tools/latchkey-emulator/piv/state.h"
#include "tools/latchkey-emulator/piv/tlv.h"

namespace latchkey::emulator::piv {

/// The commands of the PIV application (NIST SP 800-73-4 part 2) and those of Yubico's that its
/// tools use, each whole: PivCard has put chained ones together. Every command is hostile.
class Application {
 public:
  /// What one data object may hold on every token we know, the 53 and its length included.
  static constexpr std::size_t kMaxObject = 3000;
  static constexpr std::size_t kMostObjects = 64;

  Application(PivState state, Persist persist);

  Answer execute(const Command& command);
  /// SELECT, or power: nobody is authenticated, no write is under way.
  void reset() { session_ = {}; }
  /// Whether a chained PUT DATA has begun and not ended: its object is incomplete.
  bool writing() const { return session_.writing.has_value(); }

  const PivState& state() const { return state_; }
  bool copy_objects(const PivState& from);
  /// Answers as if no license object had ever been written.
  void hide_license(bool hidden) { hidden_ = hidden; }
  /// Signatures that do not verify.
  void spoil_signatures(bool spoiled) { spoiled_ = spoiled; }

 private:
  using Handler = Answer (Application::*)(const Command&);
  static Handler handler_of(std::uint8_t ins);

  struct Session {
    bool managed = false;       ///< the management key was proven
    bool pin_verified = false;  ///< the PIN was given
    bool pin_fresh = false;     ///< and not used since, for keys with the policy "always"
    Bytes expected;             ///< what answers the running challenge or witness
    std::optional<std::uint32_t> writing;  ///< the object of an unfinished chained PUT DATA
  };

  // objects.cpp
  Answer get_data(const Command& command);
  Answer put_data(const Command& command);
  Answer begin_object(const Command& command);
  Answer store_object(std::uint32_t tag, Bytes content);

  // keys.cpp
  Answer generate(const Command& command);
  Answer import_key(const Command& command);
  Answer install(std::uint8_t slot, KeySlot key, const std::vector<Tlv>& policies);
  Answer authenticate(const Command& command);
  Answer sign(const KeySlot& slot, ByteView input);
  bool supports(TokenAlgorithm algorithm) const;

  // management.cpp
  Answer authenticate_management(const Command& command, const std::vector<Tlv>& fields);
  Answer challenge(std::uint16_t tag, bool encrypted);
  Answer set_management_key(const Command& command);
  Answer reset_token(const Command& command);

  // pins.cpp
  Answer verify(const Command& command);
  Answer change_reference(const Command& command);
  Answer reset_retry(const Command& command);
  Answer set_retries(const Command& command);
  Answer check(Pin PivState::*which, ByteView value);
  Answer replace_pin(Pin PivState::*which, ByteView value);

  // metadata.cpp
  Answer version(const Command& command);
  Answer serial(const Command& command);
  Answer metadata(const Command& command);

  Answer replace(PivState next);

  PivState state_;
  Persist persist_;
  Session session_;
  bool hidden_ = false;
  bool spoiled_ = false;
};

}  // namespace latchkey::emulator::piv
