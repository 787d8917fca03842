#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drivers/card/card.h"
#include "drivers/pcsc/pcsc_api.h"

namespace latchkey::pcsc {

/// One USB device as a PC/SC reader. Blocking calls without a deadline, all on one thread. The
/// reader is found by its USB address and not by its name, which counts readers of one make.
class Session {
 public:
  /// `channel`: the SCARD_ATTR_CHANNEL_ID that libccid gives the device: 0x0020, bus, address.
  Session(const Api& api, std::uint32_t channel) : api_(api), channel_(channel) {}
  ~Session() { end(Leave::as_is); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Whether pcscd has the device among its readers. Errors: `no_permission`; `busy` when another
  /// program keeps a reader, perhaps this one, for itself; `protocol`.
  KeyResult<bool> find();
  /// After find() has said yes. Errors as of Card.
  KeyResult<CardLimits> begin();
  KeyResult<Bytes> transmit(ByteView command);
  /// Gives the card to the other programs and hangs up.
  void end(Leave leave);

 private:
  KeyResult<std::vector<std::string>> readers();
  /// Whether `reader` is the device, and the code of connecting to it directly.
  std::pair<bool, Code> ask(const std::string& reader);
  std::uint32_t attribute(Handle card, Dword name) const;  ///< 0: not answered
  KeyResult<CardLimits> take();
  KeyResult<void> begin_transaction();
  void close();

  const Api& api_;
  const std::uint32_t channel_;
  Context context_ = 0;
  bool has_context_ = false;
  std::string reader_;
  Handle card_ = 0;
  Dword protocol_ = 0;
  bool connected_ = false;
  bool in_transaction_ = false;
};

}  // namespace latchkey::pcsc
