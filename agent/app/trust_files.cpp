#include "agent/app/trust_files.h"

#include <algorithm>

#include "agent/identity/identity.h"
#include "core/license/envelope.h"

namespace latchkey {
namespace {

constexpr std::size_t kRootLimit = 64 * 1024;

tl::unexpected<Error> in_file(const std::filesystem::path& path, Error error) {
  error.message = path.string() + ": " + error.message;
  return tl::make_unexpected(std::move(error));
}

/// What counts: what is named, else what lies in the directory, which may be missing or empty.
Config::Trust found(Config::Trust config) {
  if (!config.roots.empty() || !config.bundle.empty()) return config;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(config.dir, missing))
    if (entry.path().extension() == ".pub") config.roots.push_back(entry.path());
  std::ranges::sort(config.roots);
  const auto bundle = config.dir / "bundle.json";
  if (std::filesystem::exists(bundle, missing)) config.bundle = bundle;
  return config;
}

}  // namespace

Result<ConfiguredTrust> load_trust(const Config::Trust& wanted) {
  const auto config = found(wanted);
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

Result<void> check_trust(const Config::Trust& wanted) {
  LK_TRY(const auto configured, load_trust(wanted));
  if (configured.file.empty()) return {};
  const auto outcome = TrustStore(configured.roots).accept(configured.bundle);
  return outcome ? Result<void>() : in_file(configured.file, outcome.error());
}

}  // namespace latchkey
