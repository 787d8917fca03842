#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "drivers/card/card.h"
#include "drivers/piv/application.h"
#include "drivers/piv/certificate.h"
#include "drivers/piv/license_slot.h"

// What a vendor does to a PIV token, and looks at. Each function takes the card once, from begin()
// to end(). Errors: those of the card; `not_a_key` when it has no PIV application; `refused` and
// `protocol` with the token's status word.
namespace latchkey::piv {

/// What stands in one of the objects that a license key uses.
struct ObjectContent {
  std::size_t size = 0;  ///< the 53 and its length included; 0: there is none
  bool foreign = false;
  std::optional<LicenseSlot> license;  ///< of a license slot that is whole
};

/// What is on a token.
struct TokenContent {
  /// Whether slot 9E has a private key. Nothing: the token does not say, and no P-256 or P-384 key
  /// answered.
  std::optional<bool> private_key;
  std::size_t certificate_size = 0;        ///< of object 5FC101; 0: there is none
  std::optional<Certificate> certificate;  ///< when it is one that a license key may have
  std::array<ObjectContent, 2> slots;      ///< A, B
  std::optional<std::size_t> winner;       ///< the slot that counts
  ObjectContent stamp;
  std::optional<ManagementAlgorithm> management_algorithm;  ///< nothing: the token does not say
  bool factory_management_key = false;

  /// In words, everything that preparing the token would destroy: "a private key in slot 9E", …
  std::vector<std::string> occupied() const;
};
KeyResult<TokenContent> inspect_token(Card& card, Deadline deadline);

/// Makes the token a license key without a license: empties the objects that it uses, generates a
/// P-256 key in slot 9E that needs neither PIN nor touch, has it sign without them, and writes its
/// certificate last. Interrupted anywhere, the token is no license key; again is enough. What was
/// there is lost. `management` opens the token.
KeyResult<PublicKey> prepare_token(Card& card, const ManagementKey& management, Deadline deadline);

/// Replaces the management key and opens the token with the new one, as proof. Also `refused`: the
/// token has no command for it (SP 800-73-4 has none; the command is Yubico's, and others'). Only
/// whoever knows the new key can write to the token from then on: keep it before.
KeyResult<void> set_management_key(Card& card, const ManagementKey& current,
                                   const ManagementKey& next, Deadline deadline);

}  // namespace latchkey::piv
