#include "core/access/password.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/same_secret.h"

namespace latchkey {
namespace {

constexpr std::size_t kSaltBytes = 16, kHashBytes = 32;
constexpr std::uint64_t kMaxMemory = 64 * 1024 * 1024;

struct Cost {
  std::uint64_t n = 32768, r = 8, p = 3;
};

struct Verifier {
  Cost cost;
  Bytes salt, hash;
};

std::optional<Bytes> stretch(std::string_view password, ByteView salt, const Cost& cost) {
  Bytes hash(kHashBytes);
  const bool done =
      EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), cost.n, cost.r,
                     cost.p, kMaxMemory, hash.data(), hash.size()) == 1;
  ERR_clear_error();
  return done ? std::make_optional(std::move(hash)) : std::nullopt;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Verifier> parse(std::string_view text) {
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto colon = text.find(':');
    if ((colon == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = text.substr(0, colon);
    if (colon != std::string_view::npos) text.remove_prefix(colon + 1);
  }
  const auto n = number(parts[1]), r = number(parts[2]), p = number(parts[3]);
  auto salt = from_base64url(parts[4]), hash = from_base64url(parts[5]);
  // Costs that a peer wrote: nobody is made to work for minutes.
  if (parts[0] != "scrypt" || !n || !r || !p || *n > 65536 || *r > 16 || *p > 16 || !salt ||
      salt->size() != kSaltBytes || !hash || hash->size() != kHashBytes)
    return std::nullopt;
  return Verifier{{*n, *r, *p}, *std::move(salt), *std::move(hash)};
}

}  // namespace

Result<std::string> password_verifier(std::string_view password, const FillRandom& random) {
  if (password.size() < kMinPassword || password.size() > kMaxPassword)
    return fail("password-unfit", "A password has 12 to 256 bytes.", "Choose another one.");
  Bytes salt(kSaltBytes);
  if (!random(salt)) return fail("no-random", "The system gives no random numbers.");
  const Cost cost;
  const auto hash = stretch(password, salt, cost);
  if (!hash) return fail("crypto-failed", "The cryptographic library refused the operation.");
  return "scrypt:" + std::to_string(cost.n) + ":" + std::to_string(cost.r) + ":" +
         std::to_string(cost.p) + ":" + to_base64url(salt) + ":" + to_base64url(*hash);
}

bool password_fits(std::string_view password, std::string_view verifier) {
  const auto known = parse(verifier);
  const auto wanted = known.value_or(Verifier{{}, Bytes(kSaltBytes), Bytes(kHashBytes)});
  if (password.size() > kMaxPassword) return false;
  const auto hash = stretch(password, wanted.salt, wanted.cost);
  return known && hash && same_secret(*hash, wanted.hash);
}

}  // namespace latchkey
