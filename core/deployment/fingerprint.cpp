#include "core/deployment/fingerprint.h"

namespace latchkey {
namespace {

using namespace std::string_view_literals;

constexpr auto kSaltContext = "latchkey/factor-salt/v1"sv;
constexpr auto kFactorContext = "latchkey/factor/v1\0"sv;

}  // namespace

Result<Digest> factor_salt(const PrivateKey& deployment_key) {
  LK_TRY(const auto signature, deployment_key.sign(as_bytes(kSaltContext)));
  return sha256(signature);
}

std::string salted_factor(const Digest& salt, std::string_view name, std::string_view value) {
  // A name has no NUL, so name and value cannot run into each other.
  return to_hex(
      sha256({as_bytes(kFactorContext), salt, as_bytes(name), as_bytes("\0"sv), as_bytes(value)}));
}

FingerprintMatch match_fingerprint(const Factors& described, const Factors& present) {
  FingerprintMatch match;
  for (const auto& [name, hash] : described) {
    const auto found = present.find(name);
    if (found == present.end())
      match.missing.push_back(name);
    else
      (found->second == hash ? match.matching : match.moved).push_back(name);
  }
  return match;
}

bool is_same_machine(const FingerprintMatch& match, std::size_t required) {
  return required != 0 && match.matching.size() >= required;
}

}  // namespace latchkey
