#pragma once

#include <memory>
#include <optional>

#include "core/base/keys.h"
#include "core/base/random.h"
#include "core/ports.h"
#include "drivers/card/card.h"
#include "drivers/piv/application.h"
#include "drivers/piv/license_slot.h"
#include "drivers/piv/management_keys.h"

namespace latchkey::piv {

/// A PIV token that is a license key (docs/protocol-piv.md). Every call takes the card, selects the
/// application and gives the card back. `not_a_key` where the card has no PIV application or slot
/// 9E no certificate.
class PivKey final : public Key {
 public:
  PivKey(std::unique_ptr<Card> card, std::shared_ptr<const ManagementKeys> keys,
         FillRandom random = system_random);

  KeyResult<Bytes> public_key(Deadline deadline) override;
  KeyResult<Bytes> prove(ByteView challenge, Deadline deadline) override;
  KeyResult<Bytes> read_license(Deadline deadline) override;
  /// Also `refused`: no management key is known for this token.
  KeyResult<void> write_license(ByteView envelope, Deadline deadline) override;
  KeyResult<Bytes> read_stamp(Deadline deadline) override;
  KeyResult<void> write_stamp(ByteView stamp, Deadline deadline) override;
  /// A card can be pulled out of its reader, or another one put in: then `gone`.
  KeyResult<void> check_present(Deadline deadline) override;
  void cancel() noexcept override { card_->cancel(); }

 private:
  KeyResult<void> store(Application& application, Object object, ByteView content);

  std::unique_ptr<Card> card_;
  std::shared_ptr<const ManagementKeys> keys_;
  FillRandom random_;
  std::optional<PublicKey> known_;  ///< as public_key() last read it
};

/// Both license slots, as they were found.
struct StoredSlots {
  std::array<Bytes, 2> objects;
  LicenseSlots slots;
};
inline constexpr std::array kLicenseObjects{Object::license_a, Object::license_b};
KeyResult<StoredSlots> read_slots(Application& application);

/// Has slot 9E sign the 32-byte challenge (core/ports.h).
KeyResult<Bytes> sign_challenge(Application& application, KeyAlgorithm algorithm,
                                ByteView challenge);

/// Opens PIV tokens: through PC/SC, over USB, or through an emulated port. Any thread.
class PivKeyDriver final : public KeyDriver {
 public:
  explicit PivKeyDriver(ManagementKeys keys = {});
  std::string_view name() const override { return "piv"; }
  KeyResult<std::unique_ptr<Key>> open(const DeviceRef& device) override;

 private:
  std::shared_ptr<const ManagementKeys> keys_;
};

}  // namespace latchkey::piv
