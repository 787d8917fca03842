#include "core/access/enrolment_token.h"

#include "core/base/sha256.h"
#include "core/base/text.h"

namespace latchkey {
namespace {

constexpr std::string_view kPrefix = "LKE-";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kPinBytes = 32, kIdBytes = 8, kSecretBytes = 24;
constexpr std::size_t kBytes = 1 + kPinBytes + kIdBytes + kSecretBytes;

}  // namespace

std::string EnrolmentToken::verifier() const { return content_hash(secret); }

Result<EnrolmentToken> new_enrolment_token(std::string pin, const FillRandom& random) {
  Bytes bytes(kIdBytes + kSecretBytes);
  if (!random(bytes)) return fail("no-random", "The system gives no random numbers.");
  return EnrolmentToken{std::move(pin), to_hex(ByteView(bytes).first(kIdBytes)),
                        Bytes(bytes.begin() + kIdBytes, bytes.end())};
}

std::string encode_enrolment_token(const EnrolmentToken& token) {
  Bytes bytes{kVersion};
  for (const auto& part :
       {from_hex(token.pin).value_or(Bytes()), from_hex(token.id).value_or(Bytes()), token.secret})
    bytes.insert(bytes.end(), part.begin(), part.end());
  return std::string(kPrefix) + to_base64url(bytes);
}

Result<EnrolmentToken> decode_enrolment_token(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with(kPrefix)) {
    const auto bytes = from_base64url(text.substr(kPrefix.size()));
    if (bytes && bytes->size() == kBytes && bytes->front() == kVersion) {
      const auto view = ByteView(*bytes);
      const auto secret = view.last(kSecretBytes);
      return EnrolmentToken{to_hex(view.subspan(1, kPinBytes)),
                            to_hex(view.subspan(1 + kPinBytes, kIdBytes)),
                            Bytes(secret.begin(), secret.end())};
    }
  }
  return fail("token-invalid", "This is no enrolment token.",
              "Use the whole token that `latchkey server token create` printed; it begins with "
              "LKE-.");
}

}  // namespace latchkey
