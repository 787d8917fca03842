#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/random.h"
#include "core/license/document.h"
#include "core/license/envelope.h"
#include "core/usbkey/key_id.h"
#include "tools/latchkey-vendor/files.h"
#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct Options {
  std::string issuer;
  std::string key_id;
  std::vector<std::string> entries;
  std::string customer;
  std::string id;
  std::uint64_t serial = 0;
  std::string issued;
  Period period;
  std::string assurance = "possession";
  std::vector<std::string> supersedes;
  std::string output;
};

tl::unexpected<Error> bad_entry(const std::string& text) {
  return fail("invalid-entry", "`" + text + "` is no entry.",
              "Write OBJECT:UNIT:QUANTITY or OBJECT:UNIT:QUANTITY:module, e.g. kvm:cpu-socket:10.");
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (auto end = text.find(separator); end != std::string::npos;
       begin = end + 1, end = text.find(separator, begin))
    out.push_back(text.substr(begin, end - begin));
  out.push_back(text.substr(begin));
  return out;
}

Result<LicenseEntry> entry_of(const std::string& text, const ValidityWindow& validity) {
  const auto parts = split(text, ':');
  if (parts.size() != 3 && parts.size() != 4) return bad_entry(text);
  LicenseEntry out{parts[0], parts[1], 0, EntryKind::base, validity, {}};
  const auto& digits = parts[2];
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out.quantity);
  const auto kind = parts.size() == 4 ? parse_entry_kind(parts[3]) : EntryKind::base;
  if (error != std::errc{} || end != digits.data() + digits.size() || !kind) return bad_entry(text);
  out.kind = *kind;
  return out;
}

Result<std::string> new_license_id() {
  std::array<std::uint8_t, 10> bytes{};
  if (!system_random(bytes)) return fail("no-random", "The system gave no random numbers.");
  return "L-" + to_hex(bytes);
}

Result<LicenseDocument> compose(const Options& options, const Issuer& issuer, Time now) {
  LicenseDocument out;
  const auto key = parse_key_id(options.key_id);
  if (!key)
    return fail("invalid-key-id", "`" + options.key_id + "` is no key ID.",
                "Check it for slips; `latchkey key id` prints it.");
  out.binding = KeyBinding{*key};
  LK_TRY(out.issued, time_of(options.issued, std::chrono::floor<std::chrono::seconds>(now)));
  LK_TRY(const auto validity, window_of(options.period, out.issued));
  for (const auto& text : options.entries) {
    LK_TRY(auto entry, entry_of(text, validity));
    out.entries.push_back(std::move(entry));
  }
  out.id = options.id;
  if (out.id.empty()) {
    LK_TRY(out.id, new_license_id());
  }
  // Without a register of what was issued, the issue time counts the documents.
  const auto seconds = std::chrono::floor<std::chrono::seconds>(out.issued).time_since_epoch();
  out.serial = options.serial != 0 ? options.serial : static_cast<std::uint64_t>(seconds.count());
  out.issuer = issuer.name;
  out.customer = options.customer;
  out.minimum_assurance = parse_key_assurance(options.assurance).value_or(KeyAssurance::attested);
  out.supersedes = options.supersedes;
  return out;
}

/// What every agent would refuse is refused here, where it can still be mended.
Result<void> check(const LicenseDocument& document, const Issuer& issuer) {
  const auto payload = serialise(document);
  LK_TRY(const auto checked, parse_license(as_bytes(payload)));
  if (checked.issued < issuer.validity.not_before || checked.issued >= issuer.validity.not_after)
    return fail("issuer-not-valid", "The issuing key is not valid at the issue time.",
                "Use another issuing key, or another --issued.");
  for (const auto& entry : checked.entries)
    if (!issuer.may_license(entry.object))
      return fail("issuer-not-valid", "The issuing key may not license `" + entry.object + "`.",
                  "Use an issuing key with that scope.");
  return {};
}

Result<void> issue(const Options& options, Session& session) {
  LK_TRY(const auto issuer, open_issuer(options.issuer));
  LK_TRY(const auto document, compose(options, issuer, session.now));
  LK_CHECK(check(document, issuer));
  LK_TRY(const auto key, open_private_key(options.issuer, session));
  LK_TRY(const auto envelope, make_envelope(kLicenseType, serialise(document), {&key, 1}));
  if (options.output.empty()) {
    session.out << envelope << '\n';
    return {};
  }
  LK_CHECK(write_file(options.output, envelope + "\n", Access::everyone, Existing::replace));
  session.out << "license " << document.id << '\n';
  return {};
}

}  // namespace

void add_issue(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("issue", "issue a license for a USB key");
  auto& options = on_chosen<Options>(*verb, session, issue);
  verb->add_option("--issuer", options.issuer, "issuing key")->required()->type_name("PREFIX");
  verb->add_option("--key-id", options.key_id, "of the USB key, as the customer sent it")
      ->required();
  verb->add_option("--entry", options.entries, "may be repeated")
      ->required()
      ->type_name("OBJECT:UNIT:QUANTITY[:base|module]");
  verb->add_option("--customer", options.customer, "whose license it is")->required();
  verb->add_option("--id", options.id, "license id; default: a random one");
  verb->add_option("--serial", options.serial, "default: the issue time in seconds");
  verb->add_option("--issued", options.issued, "issue time; default: now")->type_name("TIME");
  add_period(*verb, options.period);
  verb->add_option("--minimum-assurance", options.assurance, "what must be known of the USB key")
      ->check(CLI::IsMember({"possession", "attested"}))
      ->capture_default_str();
  verb->add_option("--supersedes", options.supersedes, "license id that it replaces");
  verb->add_option("-o,--output", options.output, "default: standard output")->type_name("FILE");
}

}  // namespace latchkey::vendor
