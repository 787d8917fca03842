#include "agent/app/trust_files.h"

#include "agent/identity/identity.h"
#include "core/license/envelope.h"

namespace latchkey {
namespace {

constexpr std::size_t kRootLimit = 64 * 1024;

tl::unexpected<Error> in_file(const std::filesystem::path& path, Error error) {
  error.message = path.string() + ": " + error.message;
  return tl::make_unexpected(std::move(error));
}

}  // namespace

Result<ConfiguredTrust> load_trust(const Config::Trust& config) {
  ConfiguredTrust out;
  for (const auto& path : config.roots) {
    LK_TRY(const std::string pem, read_small_file(path, kRootLimit));
    auto key = PublicKey::from_pem(pem);
    if (!key) return in_file(path, key.error());
    out.roots.keys.push_back(std::move(*key));
  }
  if (config.bundle.empty()) return out;
  LK_TRY(const std::string bundle, read_small_file(config.bundle, kMaxEnvelopeSize));
  const auto bytes = as_bytes(bundle);
  out.file = config.bundle.string();
  out.bundle.assign(bytes.begin(), bytes.end());
  return out;
}

Result<TrustChain> open_trust(const ConfiguredTrust& configured,
                              std::span<const Bytes* const> installed) {
  TrustChain chain(configured.roots);
  const bool given = !configured.file.empty();
  const auto first = given ? chain.offer(configured.bundle) : Result<void>();
  for (const auto* bundle : installed) (void)chain.offer(*bundle);
  if (first || (first.error().code == "untrusted-signer" && !chain.awaits(configured.bundle)))
    return chain;
  return in_file(configured.file, first.error());
}

}  // namespace latchkey
