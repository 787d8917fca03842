#pragma once

#include "tools/latchkey-emulator/piv/application.h"

namespace latchkey::emulator::piv {

/// A PIV token's card: command APDUs in, response APDUs out, in process. SELECT, command chaining
/// and GET RESPONSE are its own, the rest is the Application's. It models what real firmware does
/// badly: see Application::put_data. One thread; every command is hostile.
class PivCard {
 public:
  /// The longest command: 1,328 bytes of an object's value fit one extended PUT DATA (with or
  /// without Le), which is the only write that is atomic.
  static constexpr std::size_t kMaxCommand = 1346;
  /// The most that a chain puts together, PUT DATA aside.
  static constexpr std::size_t kMaxChain = 4096;

  PivCard(PivState state, Persist persist) : application_(std::move(state), std::move(persist)) {}

  /// Power on or off: nothing is selected, nobody authenticated; what was written stays.
  void reset();
  /// One response APDU: data and SW1 SW2.
  Bytes transmit(ByteView command);
  /// Whether this command would write into an object, and whether it would go on with a write that
  /// has begun: where power can be lost.
  static bool writes(ByteView command);
  static bool signs(ByteView command);  ///< or proves something else with a private key
  bool writing() const { return application_.writing(); }

  Application& application() { return application_; }
  const PivState& state() const { return application_.state(); }
  bool short_apdu() const { return state().model.short_apdu; }

 private:
  Bytes execute(Command command);
  Bytes select(const Command& command);
  Bytes get_response(const Command& command);
  Bytes deliver(Bytes data, std::size_t most);
  bool collect(Command& command);

  Application application_;
  bool selected_ = false;
  Command chain_;  ///< the parts that have come, under the first one's header
  bool chaining_ = false;
  Bytes waiting_;  ///< what GET RESPONSE fetches
};

}  // namespace latchkey::emulator::piv
