#include "tools/latchkey-vendor/key_files.h"

#include "tools/files/files.h"
#include "tools/latchkey-vendor/hsm.h"
#include "tools/latchkey-vendor/passphrase.h"

namespace latchkey::vendor {
namespace {

constexpr std::string_view kPrivate = ".key", kPublic = ".pub", kIssuer = ".issuer.json";

std::string file_of(std::string_view prefix, std::string_view suffix) {
  for (const auto known : {kPrivate, kPublic, kIssuer})
    if (prefix.ends_with(known)) prefix.remove_suffix(known.size());
  return std::string(prefix) + std::string(suffix);
}

/// The same error, with the file that it is about.
template <class T>
Result<T> about(const std::string& path, Result<T> result) {
  if (!result) result.error().message = path + ": " + result.error().message;
  return result;
}

Result<PrivateKey> make_key(const std::string& path, const std::string& algorithm,
                            const Session& session) {
  LK_TRY(const auto passphrase, get_passphrase(session.passphrase_file, path, Asking::twice));
  LK_TRY(auto key,
         PrivateKey::generate(parse_key_algorithm(algorithm).value_or(KeyAlgorithm::ed25519)));
  LK_TRY(const auto pem, key.encrypted_pem(passphrase));
  LK_CHECK(tool::write_file(path, pem, tool::Access::owner, tool::Existing::keep));
  return key;
}

Result<PrivateKey> refer_to_key(const std::string& path, const std::string& uri,
                                const Session& session) {
  LK_TRY(auto key, open_hsm_key(uri, session));
  LK_CHECK(tool::write_file(path, uri + "\n", tool::Access::owner, tool::Existing::keep));
  return key;
}

Result<PrivateKey> open_referred_key(const std::string& prefix, const std::string& uri,
                                     const Session& session) {
  LK_TRY(const auto expected, open_public_key(prefix));
  LK_TRY(auto key, open_hsm_key(uri, session));
  if (key.public_key() != expected)
    return fail("other-key", "The module holds another key than " + file_of(prefix, kPublic) + ".",
                "Check the URI in " + file_of(prefix, kPrivate) + ".");
  return key;
}

}  // namespace

Result<PrivateKey> create_key(const std::string& prefix, const KeySource& source,
                              const Session& session) {
  const auto path = file_of(prefix, kPrivate);
  LK_TRY(auto key, source.uri.empty() ? make_key(path, source.algorithm, session)
                                      : refer_to_key(path, source.uri, session));
  LK_CHECK(tool::write_file(file_of(prefix, kPublic), key.public_key().pem(),
                            tool::Access::everyone, tool::Existing::keep));
  return key;
}

Result<PrivateKey> open_private_key(const std::string& prefix, const Session& session) {
  const auto path = file_of(prefix, kPrivate);
  LK_TRY(const auto text, tool::read_file(path));
  if (is_key_uri(text))
    return open_referred_key(prefix, text.substr(0, text.find_first_of("\r\n")), session);
  LK_TRY(const auto passphrase, get_passphrase(session.passphrase_file, path, Asking::once));
  return about(path, PrivateKey::from_pem(text, passphrase));
}

Result<PublicKey> open_public_key(const std::string& prefix) {
  const auto path = file_of(prefix, kPublic);
  LK_TRY(const auto pem, tool::read_file(path));
  return about(path, PublicKey::from_pem(pem));
}

Result<void> save_issuer(const std::string& prefix, const Issuer& issuer) {
  return tool::write_file(file_of(prefix, kIssuer), serialise(issuer) + "\n",
                          tool::Access::everyone, tool::Existing::keep);
}

Result<Issuer> open_issuer(const std::string& prefix) {
  const auto path = file_of(prefix, kIssuer);
  LK_TRY(const auto text, tool::read_file(path));
  return about(path, parse_issuer(as_bytes(text)));
}

Result<std::vector<PrivateKey>> open_private_keys(const std::vector<std::string>& prefixes,
                                                  const Session& session) {
  std::vector<PrivateKey> out;
  for (const auto& prefix : prefixes) {
    LK_TRY(auto key, open_private_key(prefix, session));
    out.push_back(std::move(key));
  }
  return out;
}

Result<RootSet> open_roots(const std::vector<std::string>& prefixes, std::size_t threshold) {
  RootSet out{{}, threshold};
  for (const auto& prefix : prefixes) {
    LK_TRY(auto key, open_public_key(prefix));
    out.keys.push_back(std::move(key));
  }
  return out;
}

tl::unexpected<Error> at_the_vendor(Error error) {
  if (error.code == "untrusted-signer")
    error.cure =
        "Check what --root, --bundle and --previous name: the root keys must have signed the "
        "bundle, and the bundle must name the issuing key.";
  return tl::make_unexpected(std::move(error));
}

Result<std::string> sign_trust(const TrustBundle& bundle, std::span<const PrivateKey> roots) {
  const auto payload = serialise(bundle);
  LK_CHECK(parse_trust_bundle(as_bytes(payload)));
  return make_envelope(kTrustType, payload, roots);
}

Result<TrustStore> open_trust(const TrustOptions& options) {
  LK_TRY(auto roots, open_roots(options.roots, options.threshold));
  TrustStore out(std::move(roots));
  if (options.bundle.empty()) return out;
  LK_TRY(const auto bundle, tool::read_file(options.bundle));
  if (auto accepted = about(options.bundle, out.accept(as_bytes(bundle))); !accepted)
    return at_the_vendor(accepted.error());
  return out;
}

}  // namespace latchkey::vendor
