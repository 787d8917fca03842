#include "agent/identity/identity.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <array>
#include <new>

#include "core/base/sha256.h"

namespace latchkey {
namespace {

constexpr std::size_t kNodeIdBytes = 16;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kPemLimit = 4096;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using PrivateKey = std::shared_ptr<EVP_PKEY>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

PrivateKey own(EVP_PKEY* key) { return key == nullptr ? nullptr : PrivateKey(key, &EVP_PKEY_free); }

/// The key protects nothing but this machine's own state, and the agent starts unattended: no pass
/// phrase.
int no_passphrase(char*, int, int, void*) { return -1; }

PrivateKey parse_pem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  if (!bio) throw std::bad_alloc();
  auto key = own(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
  return key && EVP_PKEY_is_a(key.get(), "ED25519") == 1 ? key : nullptr;
}

std::string to_pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    throw std::bad_alloc();
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string public_key_hash(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) throw std::bad_alloc();
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(
      der, [](unsigned char* bytes) { OPENSSL_free(bytes); });
  return content_hash({der, static_cast<std::size_t>(size)});
}

std::string random_hex(std::size_t count) {
  Bytes bytes(count);
  if (RAND_bytes(bytes.data(), static_cast<int>(count)) != 1) throw std::bad_alloc();
  return to_hex(bytes);
}

tl::unexpected<Error> damaged(const std::filesystem::path& path, std::string what) {
  return fail(
      "identity-damaged", path.string() + " " + std::move(what),
      "restore the file from a backup; deleting it makes this a new node of a new deployment");
}

/// The file's text, or `make()` written there when it is missing.
template <class Make>
Result<std::string> read_or_make(const std::filesystem::path& path, unsigned mode, Make make) {
  auto text = read_small_file(path, kPemLimit);
  if (text || text.error().code != "file-missing") return text;
  std::string fresh = make();
  LK_CHECK(write_file_atomically(path, fresh, mode));
  return fresh;
}

Result<std::string> load_node_id(const std::filesystem::path& path) {
  LK_TRY(std::string text,
         read_or_make(path, 0644, [] { return random_hex(kNodeIdBytes) + "\n"; }));
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
  if (error)
    return fail("identity-unreadable", identity.directory_.string() + ": " + error.message(),
                "give the agent's user the state directory");
  std::filesystem::permissions(identity.directory_, std::filesystem::perms::owner_all, error);
  LK_TRY(identity.node_id_, load_node_id(identity.directory_ / "node-id"));
  const auto key_path = identity.directory_ / "deployment.key";
  LK_TRY(const std::string pem, read_or_make(key_path, 0600, [] {
           const auto key = own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
           if (!key) throw std::bad_alloc();
           return to_pem(key.get());
         }));
  if (!identity.set_key(pem)) return damaged(key_path, "is not an Ed25519 private key in PEM");
  return identity;
}

Result<void> Identity::set_key(std::string_view pem) {
  auto key = pem.size() <= kPemLimit ? parse_pem(pem) : nullptr;
  if (!key)
    return fail("invalid-deployment-key", "this is not an Ed25519 private key in PEM",
                "start the pairing again with a new invitation");
  key_ = std::move(key);
  deployment_id_ = public_key_hash(key_.get());
  return {};
}

std::string Identity::deployment_key_pem() const { return to_pem(key_.get()); }

Result<void> Identity::adopt_deployment_key(std::string_view pem) {
  Identity adopted = *this;
  LK_CHECK(adopted.set_key(pem));
  LK_CHECK(
      write_file_atomically(directory_ / "deployment.key", adopted.deployment_key_pem(), 0600));
  *this = std::move(adopted);
  return {};
}

Bytes Identity::sign(ByteView message) const {
  const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Bytes signature(kSignatureBytes);
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
    throw std::bad_alloc();
  return signature;
}

bool Identity::verify(ByteView message, ByteView signature) const {
  const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace latchkey
