#include "tools/latchkey-vendor/order.h"

#include <algorithm>
#include <filesystem>

#include "core/base/toml_table.h"
#include "tools/latchkey-vendor/binding.h"
#include "tools/latchkey-vendor/compose.h"

namespace latchkey::vendor {
namespace {

constexpr std::int64_t kMaxDays = 36'500, kMaxNumber = std::int64_t{1} << 53;
constexpr std::int64_t kMaxQuantity = 1'000'000'000;
constexpr std::string_view kFrom = "from", kDays = "days", kUntil = "until";

/// When something is valid, as far as it is said.
struct Validity {
  std::optional<Time> from, until;
  std::optional<std::int64_t> days;
};

Validity read_validity(TableReader& table) {
  Validity out{table.time(kFrom), table.time(kUntil), table.number(kDays, 1, kMaxDays)};
  if (table.has(kUntil) && table.has(kDays))
    table.refuse(kDays, "stands beside `until`", "give one of them");
  return out;
}

bool says_end(const TableReader& table) { return table.has(kUntil) || table.has(kDays); }

/// What an entry says goes before what its license says for all of them.
ValidityWindow window_of(TableReader& entry, const Validity& common, bool ends, Time issued) {
  const auto own = read_validity(entry);
  const auto& end = says_end(entry) ? own : common;
  const auto from = own.from.value_or(common.from.value_or(issued));
  ValidityWindow out{from, end.until.value_or(from + kDay * end.days.value_or(1))};
  if (!says_end(entry) && !ends)
    entry.refuse(kDays, "is missing: nothing says when the entry ends",
                 "give `days` or `until`, here or for the whole license");
  else if (out.not_before >= out.not_after)
    entry.refuse(kUntil, "is not after the beginning", "give a later end");
  return out;
}

LicenseEntry read_entry(TableReader& table, const Validity& common, bool ends, Time issued) {
  LicenseEntry out;
  for (const auto* key : {"object", "unit", "quantity"}) table.require(key);
  table.text("object", out.object);
  table.text("unit", out.unit);
  out.quantity = static_cast<std::uint64_t>(table.number("quantity", 1, kMaxQuantity).value_or(0));
  table.choice<EntryKind>("kind", {{"base", EntryKind::base}, {"module", EntryKind::module}},
                          out.kind);
  out.validity = window_of(table, common, ends, issued);
  table.text_table("terms", out.terms);
  table.refuse_unknown();
  return out;
}

/// The request keys that orders name: each is read and verified once, however many licenses it has.
class RequestKeys {
 public:
  const Result<RequestKey>& at(const std::string& file) {
    const auto known = known_.find(file);
    return known != known_.end() ? known->second
                                 : known_.emplace(file, open_request_key(file)).first->second;
  }

 private:
  std::map<std::string, Result<RequestKey>> known_;
};

Result<Binding> bind(const Result<RequestKey>& request, const Coverage& coverage) {
  if (!request) return tl::make_unexpected(request.error());
  return deployment_binding(*request, coverage);
}

/// Where a license of an order finds what it names.
struct Surroundings {
  std::filesystem::path folder;  ///< of the order: relative paths start there
  RequestKeys& request_keys;
};

/// The USB key or the deployment that a license is for.
Binding read_binding(TableReader& table, const Surroundings& around) {
  std::string key_id, request_key;
  Coverage coverage;
  table.text("key-id", key_id);
  table.text("request-key", request_key);
  coverage.required = static_cast<std::uint64_t>(
      table.number("required", 1, static_cast<std::int64_t>(kMaxFactors)).value_or(0));
  table.flag("allow-uncovered", coverage.allow_uncovered);
  if (table.has("key-id") == table.has("request-key")) {
    table.refuse("", "does not say in one way what it is for", "give `key-id` or `request-key`");
    return {};
  }
  const auto* key = table.has("key-id") ? "key-id" : "request-key";
  if (key_id.empty() && request_key.empty()) return {};  // of the wrong type, which was said
  auto binding =
      request_key.empty()
          ? key_binding(key_id)
          : bind(around.request_keys.at((around.folder / request_key).string()), coverage);
  if (!binding) table.refuse(key, binding.error());
  return binding.value_or(Binding{});
}

LicenseDocument read_license(TableReader& table, const LicenseDocument& common,
                             const Surroundings& around) {
  auto out = common;
  out.binding = read_binding(table, around);
  table.text("id", out.id);
  out.serial = static_cast<std::uint64_t>(table.number("serial", 1, kMaxNumber - 1).value_or(0));
  table.choice<KeyAssurance>(
      "minimum-assurance",
      {{"possession", KeyAssurance::possession}, {"attested", KeyAssurance::attested}},
      out.minimum_assurance);
  table.texts("supersedes", out.supersedes);
  const auto validity = read_validity(table);
  const bool ends = says_end(table);
  table.list("entry", kMaxEntries, [&](TableReader& entry) {
    out.entries.push_back(read_entry(entry, validity, ends, out.issued));
  });
  table.refuse_unknown();
  return out;
}

/// Reads one order after another; what must not occur twice must not in two orders either.
class OrderReader {
 public:
  OrderReader(const Issuer& issuer, Time now)
      : issuer_(issuer), now_(std::chrono::floor<std::chrono::seconds>(now)) {}

  FileProblems read(const OrderFile& file) {
    return read_toml(file.text, file.name, [&](const toml::table& root, FileProblems& problems) {
      TableReader order(&root, "", file.name, problems);
      read_order(order, file.name, problems);
      order.refuse_unknown();
    });
  }
  std::vector<LicenseDocument> take() { return std::move(out_); }

 private:
  void read_order(TableReader& order, const std::string& file, const FileProblems& problems) {
    LicenseDocument common;
    order.require("customer");
    order.text("customer", common.customer);
    common.issued = order.time("issued").value_or(now_);
    const Surroundings around{std::filesystem::path(file).parent_path(), request_keys_};
    std::size_t position = 0;
    order.list("license", kMaxLicenses, [&](TableReader& table) {
      const auto before = problems.size();
      const auto place = file + " license[" + std::to_string(++position) + "]";
      auto draft = read_license(table, common, around);
      refuse_again(table, draft, place);
      ++count_;
      if (problems.size() == before) add(table, std::move(draft));
    });
  }

  void add(TableReader& table, LicenseDocument draft) {
    auto document = compose(std::move(draft), issuer_);
    if (!document) return table.refuse("", document.error());
    // Issued in the same second, they are still counted.
    if (!table.has("serial")) document->serial += count_ - 1;
    out_.push_back(*std::move(document));
  }

  void refuse_again(TableReader& table, const LicenseDocument& draft, const std::string& place) {
    // Two documents at once for one USB key would drive each other out (SPEC LIC-8).
    if (const auto* binding = std::get_if<KeyBinding>(&draft.binding))
      refuse_again(table, "key-id", binding->key_id, place,
                   "put all entries of a USB key into one license");
    refuse_again(table, "id", draft.id, place, "give every license an id of its own");
  }
  void refuse_again(TableReader& table, std::string_view key, const std::string& value,
                    const std::string& place, const char* cure) {
    if (value.empty()) return;
    const auto [first, fresh] = seen_.emplace(std::pair(key, value), place);
    if (!fresh) table.refuse(key, "is that of " + first->second, cure);
  }

  const Issuer& issuer_;
  const Time now_;
  std::size_t count_ = 0;
  RequestKeys request_keys_;
  std::map<std::pair<std::string_view, std::string>, std::string> seen_;  ///< where first
  std::vector<LicenseDocument> out_;
};

}  // namespace

OrderResult read_orders(std::span<const OrderFile> files, const Issuer& issuer, Time now) {
  OrderReader reader(issuer, now);
  FileProblems problems;
  for (const auto& file : files) std::ranges::move(reader.read(file), std::back_inserter(problems));
  if (problems.empty()) return reader.take();
  return tl::make_unexpected(std::move(problems));
}

Error order_error(const FileProblems& problems) {
  auto text = std::to_string(problems.size()) + " problem(s), nothing was issued:";
  constexpr std::size_t kShown = 100;  // one mistake may stand in each of ten thousand licenses
  for (const auto& problem : std::span(problems).first(std::min(kShown, problems.size())))
    text += "\n" + to_string(problem);
  if (problems.size() > kShown)
    text += "\nand " + std::to_string(problems.size() - kShown) + " more";
  return {"invalid-order", std::move(text), ""};
}

}  // namespace latchkey::vendor
