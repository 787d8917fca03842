#include <filesystem>

#include "core/usbkey/key_id.h"
#include "drivers/piv/provisioner.h"
#include "tools/files/files.h"
#include "tools/latchkey-vendor/device.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct Options {
  DeviceOptions device;
  std::string known_keys;
  std::string known_as;
  std::string key_out;
  bool force = false;
};

Result<std::unique_ptr<Card>> open_token(const DeviceOptions& options) {
  LK_TRY(const auto device, find_device(options));
  if (device.driver != "piv")
    return fail("not-a-piv-token",
                "Only PIV tokens are prepared; this is a key of the kind `" + device.driver +
                    "`, which comes prepared.",
                "Go on with `latchkey-vendor key-id`.");
  return told(open_card(device));
}

Result<void> check_empty(const piv::TokenContent& content, bool force) {
  const auto occupied = content.occupied();
  if (occupied.empty() || force) return {};
  std::string list;
  for (const auto& what : occupied) list += (list.empty() ? "" : ", ") + what;
  return fail("token-in-use", "The token holds " + list + ".",
              "Take a factory-new token, or give --force to destroy what is there.");
}

/// The management key that opens the token now.
Result<piv::ManagementKey> current_key(const Options& options, const piv::TokenContent& content) {
  LK_TRY(const auto keys, open_management_keys(options.known_keys));
  auto id = content.certificate ? key_id(content.certificate->public_key.der()) : std::string();
  if (!options.known_as.empty()) {
    const auto given = parse_key_id(options.known_as);
    if (!given)
      return fail("invalid-key-id", "`" + options.known_as + "` is no key ID.",
                  "Check it for slips; the file of management keys names it.");
    id = *given;
  }
  return *keys.find(id);
}

/// The file as it is; empty when there is none yet.
Result<std::string> management_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::string();
  LK_CHECK(piv::ManagementKeys::load(path));
  LK_TRY(auto text, tool::read_file(path));
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

/// Gives the token a key that nobody else has. It is in the file before it is on the token: the
/// other way round, a power cut would lock everybody out.
Result<void> replace_key(Card& card, const piv::ManagementKey& current,
                         const piv::TokenContent& content, const std::string& id,
                         const std::string& path) {
  const auto algorithm = content.management_algorithm.value_or(current.algorithm);
  LK_TRY(const auto next, piv::new_management_key(algorithm, system_random));
  LK_TRY(const auto before, management_file(path));
  const auto after = before + piv::ManagementKeys::line(id, next);
  LK_CHECK(tool::write_file(path, after, tool::Access::owner, tool::Existing::replace));
  const auto set = piv::set_management_key(card, current, next, call_deadline());
  // Only a plain no leaves the token's key as it was for certain.
  if (!set && set.error().kind == KeyError::Kind::refused)
    LK_CHECK(tool::write_file(path, before, tool::Access::owner, tool::Existing::replace));
  return told(set);
}

/// The key ID as an agent will find it.
Result<void> check_as_agent(const Options& options, const std::string& id) {
  LK_TRY(const auto key, open_device(options.device));
  const TrustStore nobody({});
  LK_TRY(const auto bench, Bench::create(nobody));
  const auto result = read_key(*key, bench.context());
  if (result && result->reading.key_id == id) return {};
  return fail("readback-failed", "The token does not prove to be " + id + ".",
              "Repeat with --force; if it happens again, replace the token.");
}

Result<void> prepare(const Options& options, Session& session) {
  LK_TRY(const auto card, open_token(options.device));
  LK_TRY(const auto content,
         told(patiently([&] { return piv::inspect_token(*card, call_deadline()); })));
  LK_CHECK(check_empty(content, options.force));
  LK_TRY(const auto current, current_key(options, content));
  LK_TRY(const auto key, told(piv::prepare_token(*card, current, call_deadline())));
  const auto id = key_id(key.der());
  if (!options.key_out.empty()) LK_CHECK(replace_key(*card, current, content, id, options.key_out));
  LK_CHECK(check_as_agent(options, id));
  session.out << id << '\n';
  return {};
}

}  // namespace

void add_prepare(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("prepare",
                                  "make a factory-new PIV token a license key; prints its key ID");
  auto& options = on_chosen<Options>(*verb, session, prepare);
  add_device(*verb, options.device);
  verb->add_option("--management-key-out", options.key_out,
                   "file that a new, random management key is added to (default: the token keeps "
                   "the one it has)")
      ->type_name("FILE");
  auto* known = verb->add_option("--management-keys", options.known_keys,
                                 "where its management key is, if it is not the factory's")
                    ->type_name("FILE");
  verb->add_option("--managed-as", options.known_as,
                   "key ID of the line in that file (default: the token's own)")
      ->type_name("KEY-ID")
      ->needs(known);
  verb->add_flag("--force", options.force, "destroy the key, certificate and licenses on it");
}

}  // namespace latchkey::vendor
