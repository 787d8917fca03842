#include "agent/identity/identity.h"

#include "core/base/random.h"

namespace latchkey {
namespace {

constexpr std::size_t kNodeIdBytes = 16;
constexpr std::size_t kPemLimit = 4096;

tl::unexpected<Error> damaged(const std::filesystem::path& path, std::string what) {
  return fail(
      "identity-damaged", path.string() + " " + std::move(what) + ".",
      "Restore the file from a backup; deleting it makes this a new node of a new deployment.");
}

/// The file's text, or `make()` written there when it is missing.
Result<std::string> read_or_make(const std::filesystem::path& path, unsigned mode,
                                 Result<std::string> (*make)()) {
  auto text = read_small_file(path, kPemLimit);
  if (text || text.error().code != "file-missing") return text;
  LK_TRY(std::string fresh, make());
  LK_CHECK(write_file_atomically(path, fresh, mode));
  return fresh;
}

Result<std::string> make_node_id() {
  Bytes bytes(kNodeIdBytes);
  if (!system_random(bytes)) return fail("no-random", "The system gives no random numbers.");
  return to_hex(bytes) + "\n";
}

Result<std::string> make_key() {
  LK_TRY(const auto key, PrivateKey::generate(KeyAlgorithm::ed25519));
  return key.plain_pem();
}

Result<std::string> load_node_id(const std::filesystem::path& path) {
  LK_TRY(std::string text, read_or_make(path, 0644, &make_node_id));
  while (text.ends_with('\n')) text.pop_back();
  if (text.size() != 2 * kNodeIdBytes || !from_hex(text))
    return damaged(path, "does not hold 32 hex digits");
  return text;
}

}  // namespace

Result<Identity> Identity::load_or_create(const std::filesystem::path& state_dir) {
  Identity identity;
  identity.directory_ = state_dir / "identity";
  std::error_code error;
  std::filesystem::create_directories(identity.directory_, error);
  if (!error)
    std::filesystem::permissions(identity.directory_, std::filesystem::perms::owner_all, error);
  if (error)
    return fail("identity-unreadable", identity.directory_.string() + ": " + error.message() + ".",
                "Give the agent's user the state directory.");
  LK_TRY(identity.node_id_, load_node_id(identity.directory_ / "node-id"));
  const auto key_path = identity.directory_ / "deployment.key";
  LK_TRY(const std::string pem, read_or_make(key_path, 0600, &make_key));
  if (!identity.set_key(pem)) return damaged(key_path, "is not an Ed25519 private key in PEM");
  return identity;
}

Result<void> Identity::set_key(std::string_view pem) {
  auto key = PrivateKey::from_pem(pem);
  if (!key || key->public_key().algorithm() != KeyAlgorithm::ed25519)
    return fail("invalid-deployment-key", "This is not an Ed25519 private key in PEM.",
                "Start the pairing again with a new invitation.");
  key_ = std::move(*key);
  deployment_id_ = latchkey::deployment_id(key_->public_key());
  return {};
}

Result<void> Identity::adopt_deployment_key(std::string_view pem) {
  Identity adopted = *this;
  LK_CHECK(adopted.set_key(pem));
  LK_TRY(const std::string plain, adopted.key_->plain_pem());
  LK_CHECK(write_file_atomically(directory_ / "deployment.key", plain, 0600));
  *this = std::move(adopted);
  return {};
}

}  // namespace latchkey
