#include <algorithm>
#include <filesystem>

#include "core/usbkey/key_id.h"
#include "tools/files/files.h"
#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct Options {
  std::vector<std::string> roots;
  std::vector<std::string> issuers;
  std::uint64_t version = 0;
  std::string previous;
  Revocations revoked;
  std::vector<std::string> new_roots;
  std::size_t new_threshold = 1;
  std::string output;
};

/// What the new bundle starts from: revocations must not get lost on the way.
Result<TrustBundle> starting_point(const Options& options, std::span<const PrivateKey> roots) {
  if (options.previous.empty()) return TrustBundle{};
  LK_TRY(const auto text, tool::read_file(options.previous));
  RootSet signers;
  for (const auto& root : roots) signers.keys.push_back(root.public_key());
  const auto store = TrustStore::open(std::move(signers), as_bytes(text));
  if (!store) return at_the_vendor(store.error());
  auto bundle = store->bundle();
  bundle.roots.reset();
  return bundle;
}

void add_once(std::vector<std::string>& list, std::string item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(std::move(item));
}

Result<void> add_revocations(TrustBundle& bundle, const Revocations& wanted) {
  for (const auto& issuer : wanted.issuers) {
    LK_TRY(const auto key, open_public_key(issuer));
    add_once(bundle.revoked.issuers, key.fingerprint());
  }
  for (const auto& license : wanted.licenses) add_once(bundle.revoked.licenses, license);
  for (const auto& typed : wanted.key_ids) {
    const auto id = parse_key_id(typed);
    if (!id) return fail("invalid-key-id", "`" + typed + "` is no key ID.", "Check it for slips.");
    add_once(bundle.revoked.key_ids, *id);
  }
  return {};
}

Result<TrustBundle> compose(const Options& options, std::span<const PrivateKey> roots, Time now) {
  LK_TRY(auto bundle, starting_point(options, roots));
  bundle.version = options.version != 0 ? options.version : bundle.version + 1;
  bundle.issued = std::chrono::floor<std::chrono::seconds>(now);
  for (const auto& prefix : options.issuers) {
    LK_TRY(auto issuer, open_issuer(prefix));
    std::erase_if(bundle.issuers, [&](const Issuer& old) { return old.name == issuer.name; });
    bundle.issuers.push_back(std::move(issuer));
  }
  LK_CHECK(add_revocations(bundle, options.revoked));
  if (!options.new_roots.empty()) {
    LK_TRY(bundle.roots, open_roots(options.new_roots, options.new_threshold));
  }
  return bundle;
}

/// A bundle that starts anew must not take the place of one that agents may know already: they
/// would refuse all that follows it as too old.
Result<void> write_bundle(const Options& options, const std::string& envelope) {
  std::error_code ignored;  // what cannot be looked at cannot be written either
  if (options.previous.empty() && std::filesystem::is_regular_file(options.output, ignored))
    return fail(
        "file-exists", options.output + " exists and is not overwritten.",
        "Carry on from it with `--previous " + options.output + "`, or choose another name.");
  return tool::write_file(options.output, envelope + "\n", tool::Access::everyone,
                          tool::Existing::replace);
}

Result<void> sign_bundle(const Options& options, Session& session) {
  LK_TRY(const auto roots, open_private_keys(options.roots, session));
  LK_TRY(const auto bundle, compose(options, roots, session.now));
  LK_TRY(const auto envelope, sign_trust(bundle, roots));
  LK_CHECK(write_bundle(options, envelope));
  session.out << "trust bundle version " << bundle.version << ", " << bundle.issuers.size()
              << " issuing key(s)\n";
  return {};
}

}  // namespace

void add_trust_sign(CLI::App& group, Session& session) {
  auto* verb = group.add_subcommand("sign", "sign a trust bundle");
  auto& options = on_chosen<Options>(*verb, session, sign_bundle);
  verb->add_option("--root", options.roots, "root key that signs; may be repeated")
      ->required()
      ->type_name("PREFIX");
  verb->add_option("--issuer", options.issuers, "issuing key to believe; may be repeated")
      ->type_name("PREFIX");
  verb->add_option("--previous", options.previous,
                   "bundle to carry issuing keys and revocations over from")
      ->type_name("FILE");
  verb->add_option("--bundle-version", options.version, "default: one more than the previous")
      ->check(CLI::PositiveNumber);
  verb->add_option("--revoke-issuer", options.revoked.issuers, "issuing key")->type_name("PREFIX");
  verb->add_option("--revoke-license", options.revoked.licenses, "license id")->type_name("ID");
  verb->add_option("--revoke-key-id", options.revoked.key_ids, "USB key")->type_name("KEY-ID");
  verb->add_option("--new-root", options.new_roots,
                   "who signs the bundles after this one; old and new roots must sign it")
      ->type_name("PREFIX");
  verb->add_option("--new-threshold", options.new_threshold, "how many of the new roots must sign")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("-o,--output", options.output, "bundle to write")->required()->type_name("FILE");
}

}  // namespace latchkey::vendor
