#pragma once

#include "tools/latchkey-emulator/ccid/message.h"
#include "tools/latchkey-emulator/piv/card.h"

namespace latchkey::emulator::ccid {

/// The CCID 1.1 commands of a reader with one slot, at extended or short APDU level as the card's
/// model says. Each request has one reply. Every request is hostile.
class Reader {
 public:
  /// ISO 7816-3: T=1 at the default rates; the historical bytes spell "YubiKey".
  static const Bytes& atr();
  /// The most that a chained command may come to: the longest APDU there is (ISO 7816-4 5.1).
  static constexpr std::size_t kMaxApdu = 65544;

  explicit Reader(piv::PivCard card) : card_(std::move(card)) {}

  Reply handle(const Request& request);
  /// The refusal of a request that was not looked into.
  Reply refusal(const Request& request, std::uint8_t error) const;

  /// Takes the card out or puts it back.
  void set_card_present(bool present);
  bool card_present() const { return present_; }
  /// USB power on or off.
  void reset();

  piv::PivCard& card() { return card_; }
  const piv::PivCard& card() const { return card_; }
  /// The APDU that this request would hand to the card, without carrying it out; empty for none.
  Bytes apdu_of(const Request& request) const;

 private:
  Reply power_on(const Request& request);
  Reply power_off(const Request& request);
  Reply parameters(const Request& request);
  Reply exchange(const Request& request);
  Reply exchange_extended(const Request& request);
  Reply next_part(const Request& request, bool first);
  IccStatus icc() const;
  std::size_t max_data() const;

  piv::PivCard card_;
  bool present_ = true;
  bool powered_ = false;
  Bytes command_;  ///< the parts of a chained command
  bool chaining_ = false;
  Bytes response_;  ///< what the host has not fetched of a chained response
  Bytes parameters_ = default_parameters();

  static Bytes default_parameters();
};

}  // namespace latchkey::emulator::ccid
