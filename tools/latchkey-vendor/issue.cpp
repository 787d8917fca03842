#include <charconv>
#include <filesystem>

#include "core/license/document.h"
#include "core/license/envelope.h"
#include "tools/files/files.h"
#include "tools/latchkey-vendor/binding.h"
#include "tools/latchkey-vendor/catalog.h"
#include "tools/latchkey-vendor/compose.h"
#include "tools/latchkey-vendor/documents.h"
#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/order.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

constexpr std::size_t kMaxOrder = 16 * 1024 * 1024;  // 10,000 licenses with ample entries

struct ByHand {
  std::string key_id;
  std::string request_key;
  Coverage coverage;
  std::vector<std::string> entries;
  std::string customer;
  std::string id;
  std::uint64_t serial = 0;
  std::string issued;
  Period period;
  std::string assurance = "possession";
  std::vector<std::string> supersedes;
};

struct Options {
  std::string issuer;
  std::vector<std::string> orders;
  ByHand by_hand;
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
  if (error != std::errc{} || end != digits.data() + digits.size() || out.quantity == 0 || !kind)
    return bad_entry(text);
  out.kind = *kind;
  return out;
}

Result<Binding> binding_of(const ByHand& asked) {
  if (asked.request_key.empty()) return key_binding(asked.key_id);
  LK_TRY(const auto request, open_request_key(asked.request_key));
  return deployment_binding(request, asked.coverage);
}

Result<LicenseDocument> by_hand(const ByHand& asked, const Issuer& issuer, Time now) {
  LicenseDocument draft;
  LK_TRY(draft.binding, binding_of(asked));
  LK_TRY(draft.issued, time_of(asked.issued, std::chrono::floor<std::chrono::seconds>(now)));
  LK_TRY(const auto validity, window_of(asked.period, draft.issued));
  for (const auto& text : asked.entries) {
    LK_TRY(auto entry, entry_of(text, validity));
    draft.entries.push_back(std::move(entry));
  }
  draft.id = asked.id;
  draft.serial = asked.serial;
  draft.customer = asked.customer;
  draft.minimum_assurance = parse_key_assurance(asked.assurance).value_or(KeyAssurance::attested);
  draft.supersedes = asked.supersedes;
  return compose(std::move(draft), issuer);
}

Result<std::vector<LicenseDocument>> documents_of(const Options& options, const Issuer& issuer,
                                                  Time now) {
  if (options.orders.empty()) {
    LK_TRY(auto document, by_hand(options.by_hand, issuer, now));
    return std::vector{std::move(document)};
  }
  std::vector<OrderFile> files;
  for (const auto& name : options.orders) {
    LK_TRY(auto text, tool::read_file(name, kMaxOrder));
    files.push_back({name, std::move(text)});
  }
  auto documents = read_orders(files, issuer, now);
  if (!documents) return tl::make_unexpected(order_error(documents.error()));
  return *std::move(documents);
}

struct Issued {
  LicenseDocument document;
  std::string envelope;
};

Result<void> write_each(const std::vector<Issued>& licenses, const std::filesystem::path& folder,
                        Session& session) {
  for (const auto& [document, envelope] : licenses) {
    const auto file = (folder / (document.id + ".json")).string();
    LK_CHECK(
        tool::write_file(file, envelope + "\n", tool::Access::everyone, tool::Existing::replace));
    session.out << "license " << document.id << ' ' << describe(document.binding) << ' ' << file
                << '\n';
  }
  return {};
}

Result<void> write_package(const std::vector<Issued>& licenses, const std::string& path) {
  std::vector<PackagedDocument> documents;
  for (const auto& license : licenses) {
    const auto bytes = as_bytes(license.envelope);
    documents.push_back(
        {license.document.id, Bytes(bytes.begin(), bytes.end()), std::string(kLicenseType)});
  }
  LK_TRY(const auto package, make_package(std::move(documents)));
  return tool::write_file(path, as_text(package), tool::Access::everyone, tool::Existing::replace);
}

/// To standard output, into one text or package, or each into a file of its own.
Result<void> deliver(const std::vector<Issued>& licenses, const std::string& output,
                     Session& session) {
  std::error_code none;
  if (std::filesystem::is_directory(output, none)) return write_each(licenses, output, session);
  std::string all;
  for (const auto& license : licenses) all += license.envelope + "\n";
  if (output.empty()) {
    session.out << all;
    return {};
  }
  LK_CHECK(is_package_name(output)
               ? write_package(licenses, output)
               : tool::write_file(output, all, tool::Access::everyone, tool::Existing::replace));
  for (const auto& license : licenses) session.out << "license " << license.document.id << '\n';
  return {};
}

Result<void> issue(const Options& options, Session& session) {
  LK_TRY(const auto issuer, open_issuer(options.issuer));
  LK_TRY(const auto documents, documents_of(options, issuer, session.now));
  LK_CHECK(warn_of_unknown(documents, session));
  LK_TRY(const auto key, open_private_key(options.issuer, session));
  std::vector<Issued> licenses;
  for (const auto& document : documents) {
    LK_TRY(auto envelope, make_envelope(kLicenseType, serialise(document), {&key, 1}));
    licenses.push_back({document, std::move(envelope)});
  }
  return deliver(licenses, options.output, session);
}

void add_by_hand(CLI::App& group, ByHand& asked) {
  auto* target = group.add_option_group("for", "what the license is bound to");
  target->add_option("--key-id", asked.key_id, "of the USB key, as the customer sent it");
  auto* request = target->add_option("--request-key", asked.request_key,
                                     "of the deployment, the file that the customer sent");
  request->type_name("FILE");
  target->require_option(1);
  group
      .add_option("--required", asked.coverage.required,
                  "factors of a node that must match; default: all but one, of one or two all")
      ->check(CLI::Range(std::size_t{1}, kMaxFactors))
      ->needs(request);
  group
      .add_flag("--allow-uncovered", asked.coverage.allow_uncovered,
                "leave out nodes whose machine the request key does not tell")
      ->needs(request);
  group.add_option("--entry", asked.entries, "may be repeated")
      ->required()
      ->type_name("OBJECT:UNIT:QUANTITY[:base|module]");
  group.add_option("--customer", asked.customer, "whose license it is")->required();
  group.add_option("--id", asked.id, "license id; default: a random one");
  group.add_option("--serial", asked.serial, "default: the issue time in seconds");
  group.add_option("--issued", asked.issued, "issue time; default: now")->type_name("TIME");
  add_period(group, asked.period);
  group.add_option("--minimum-assurance", asked.assurance, "what must be known of the USB key")
      ->check(CLI::IsMember({"possession", "attested"}))
      ->capture_default_str();
  group.add_option("--supersedes", asked.supersedes, "license id that it replaces");
}

}  // namespace

void add_issue(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("issue", "issue licenses for USB keys and deployments");
  auto& options = on_chosen<Options>(*verb, session, issue);
  verb->add_option("--issuer", options.issuer, "issuing key")->required()->type_name("PREFIX");
  auto* what = verb->add_option_group("what", "orders, or one license by hand");
  what->require_option(1);
  what->add_option("--order", options.orders, "order file: any number of licenses; may be repeated")
      ->type_name("FILE");
  add_by_hand(*what->add_option_group("by hand"), options.by_hand);
  verb->add_option("-o,--output", options.output,
                   "file for all (a package if it ends in .tar.gz), or an existing folder for one "
                   "file each; "
                   "default: standard output")
      ->type_name("FILE|DIR");
}

}  // namespace latchkey::vendor
