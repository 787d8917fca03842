#include "agent/app/trust_files.h"

#include "agent/identity/identity.h"

namespace latchkey {
namespace {

constexpr std::size_t kRootLimit = 64 * 1024;
constexpr std::size_t kBundleLimit = 1024 * 1024;

tl::unexpected<Error> in_file(const std::filesystem::path& path, Error error) {
  error.message = path.string() + ": " + error.message;
  return tl::make_unexpected(std::move(error));
}

}  // namespace

Result<TrustStore> load_trust(const Config::Trust& config) {
  RootSet roots;
  for (const auto& path : config.roots) {
    LK_TRY(const std::string pem, read_small_file(path, kRootLimit));
    auto key = PublicKey::from_pem(pem);
    if (!key) return in_file(path, key.error());
    roots.keys.push_back(std::move(*key));
  }
  if (config.bundle.empty()) return TrustStore(std::move(roots));
  LK_TRY(const std::string bundle, read_small_file(config.bundle, kBundleLimit));
  auto store = TrustStore::open(std::move(roots), as_bytes(bundle));
  if (!store) return in_file(config.bundle, store.error());
  return store;
}

}  // namespace latchkey
