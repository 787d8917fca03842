#pragma once

#include <optional>

#include "core/base/random.h"
#include "drivers/piv/apdu.h"
#include "drivers/piv/management_keys.h"

namespace latchkey::piv {

/// Data objects (SP 800-73-4 part 1, table 3) and what docs/protocol-piv.md puts there.
enum class Object : std::uint32_t {
  certificate = 0x5FC101,  ///< of slot 9E
  license_a = 0x5FC10D,
  license_b = 0x5FC10E,
  stamp = 0x5FC10F,
};
/// What every known token holds in one object, tag and length of the outer 53 included.
inline constexpr std::size_t kMostObject = 3000;

/// Key references.
enum class Slot : std::uint8_t { management = 0x9B, card_authentication = 0x9E };

/// What GET METADATA (a Yubico extension that others have adopted) says of a slot.
struct Metadata {
  std::uint8_t algorithm = 0;
  std::optional<bool> factory_default;  ///< the management key's value is the well-known one
};

/// The PIV application of a card, selected, from begin() to end(). Errors: the card's; `not_a_key`
/// from open() when there is no such application; `refused` and `protocol` with the status word.
class Application {
 public:
  static KeyResult<Application> open(Card& card, Deadline deadline);

  /// The object as it is stored, its 53 included; empty when there is none.
  KeyResult<Bytes> get_data(Object object);
  /// `content` is what goes into the 53: at most kMostObject with that. Needs authenticate().
  KeyResult<void> put_data(Object object, ByteView content);

  /// A 9E signature over `digest` (as many bytes as `algorithm` wants).
  KeyResult<Bytes> sign(std::uint8_t algorithm, ByteView digest);
  /// Mutual authentication with 9B. The token says which algorithm its key has, where it can say.
  KeyResult<void> authenticate(const ManagementKey& key, const FillRandom& random);

  /// Nothing when the token does not know the command or the slot is empty; see `has_metadata`.
  KeyResult<std::optional<Metadata>> metadata(Slot slot);

  KeyResult<Response> exchange(const Command& command) { return link_.exchange(command); }

 private:
  explicit Application(ApduLink link) : link_(std::move(link)) {}
  KeyResult<Bytes> general_authenticate(std::uint8_t algorithm, Slot slot, ByteView data,
                                        std::uint32_t wanted, std::string_view doing);

  ApduLink link_;
};

/// The content of a stored object: what its one 53 holds. Nothing when it is torn or malformed.
std::optional<ByteView> content_of(ByteView object);

}  // namespace latchkey::piv
