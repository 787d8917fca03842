#include "tools/latchkey-vendor/order.h"

#include <algorithm>

#include "tools/latchkey-vendor/compose.h"

namespace latchkey::vendor {
namespace {

constexpr std::int64_t kMaxDays = 36'500, kMaxNumber = std::int64_t{1} << 53;
constexpr std::string_view kFrom = "from", kDays = "days", kUntil = "until";

/// When something is valid, as far as it is said.
struct Validity {
  std::optional<Time> from, until;
  std::optional<std::int64_t> days;
};

Validity read_validity(OrderTable& table) {
  Validity out{table.time(kFrom), table.time(kUntil), table.number(kDays, 1, kMaxDays)};
  if (table.has(kUntil) && table.has(kDays))
    table.refuse(kDays, "stands beside `until`.", "Give one of them.");
  return out;
}

/// What an entry says goes before what its license says for all of them.
ValidityWindow window_of(OrderTable& entry, const Validity& common, bool ends, Time issued) {
  const auto own = read_validity(entry);
  const bool own_end = entry.has(kUntil) || entry.has(kDays);
  const auto& end = own_end ? own : common;
  const auto from = own.from.value_or(common.from.value_or(issued));
  ValidityWindow out{from, end.until.value_or(from + kDay * end.days.value_or(1))};
  if (!own_end && !ends)
    entry.refuse(kDays, "is missing: nothing says when the entry ends.",
                 "Give `days` or `until`, here or for the whole license.");
  else if (out.not_before >= out.not_after)
    entry.refuse(kUntil, "is not after the beginning.", "Give a later end.");
  return out;
}

template <class Value, class Parse>
Value choice(OrderTable& table, std::string_view key, Value otherwise, Parse parse,
             const char* cure) {
  const auto text = table.text(key);
  if (!text) return otherwise;
  const auto value = parse(*text);
  if (!value) table.refuse(key, "`" + *text + "` is not known.", cure);
  return value.value_or(otherwise);
}

LicenseEntry read_entry(OrderTable& table, const Validity& common, bool ends, Time issued) {
  for (const auto* key : {"object", "unit"}) table.require(key, "Name it.");
  table.require("quantity", "Say how much.");
  LicenseEntry out;
  out.object = table.text("object").value_or("");
  out.unit = table.text("unit").value_or("");
  out.quantity = static_cast<std::uint64_t>(table.number("quantity", 1, 1'000'000'000).value_or(0));
  out.kind = choice(table, "kind", EntryKind::base, parse_entry_kind, "Write base or module.");
  out.validity = window_of(table, common, ends, issued);
  out.terms = table.text_table("terms");
  return out;
}

Binding read_binding(OrderTable& table) {
  table.require("key-id", "Name the USB key, as the customer sent it.");
  const auto text = table.text("key-id");
  if (!text) return {};
  auto binding = key_binding(*text);
  if (!binding) table.refuse("key-id", binding.error());
  return binding.value_or(Binding{});
}

LicenseDocument read_license(OrderTable& table, const LicenseDocument& common) {
  auto out = common;
  out.binding = read_binding(table);
  out.id = table.text("id").value_or("");
  out.serial = static_cast<std::uint64_t>(table.number("serial", 1, kMaxNumber - 1).value_or(0));
  out.minimum_assurance = choice(table, "minimum-assurance", KeyAssurance::possession,
                                 parse_key_assurance, "Write possession or attested.");
  out.supersedes = table.texts("supersedes");
  const auto validity = read_validity(table);
  const bool ends = table.has(kUntil) || table.has(kDays);
  table.tables("entry", kMaxEntries, [&](OrderTable& entry) {
    out.entries.push_back(read_entry(entry, validity, ends, out.issued));
  });
  return out;
}

/// Reads the licenses of one order one after another.
class OrderReader {
 public:
  OrderReader(const Issuer& issuer, std::vector<OrderProblem>& problems)
      : issuer_(issuer), problems_(problems) {}

  std::vector<LicenseDocument> read(OrderTable& order, Time now) {
    order.require("customer", "Say whose license it is.");
    LicenseDocument common;
    common.customer = order.text("customer").value_or("");
    common.issued = order.time("issued").value_or(std::chrono::floor<std::chrono::seconds>(now));
    order.tables("license", kMaxLicenses, [&](OrderTable& table) { add(table, common); });
    order.refuse_unknown();
    return std::move(out_);
  }

 private:
  void add(OrderTable& table, const LicenseDocument& common) {
    const auto before = problems_.size();
    auto draft = read_license(table, common);
    // Two documents of one order for one USB key would drive each other out (SPEC LIC-8).
    refuse_again(table, "key-id", std::get<KeyBinding>(draft.binding).key_id,
                 "Put all entries of a USB key into one license.");
    refuse_again(table, "id", draft.id, "Give every license an id of its own.");
    ++position_;
    if (problems_.size() != before) return;
    auto document = compose(std::move(draft), issuer_);
    if (!document) return table.refuse("", document.error());
    // Issued in the same second, they are still counted.
    if (!table.has("serial")) document->serial += position_ - 1;
    out_.push_back(*std::move(document));
  }

  void refuse_again(OrderTable& table, std::string_view key, const std::string& value,
                    const char* cure) {
    if (value.empty()) return;
    const auto [first, fresh] = seen_.emplace(std::pair(key, value), position_);
    if (!fresh)
      table.refuse(key, "is that of license[" + std::to_string(first->second + 1) + "].", cure);
  }

  const Issuer& issuer_;
  std::vector<OrderProblem>& problems_;
  std::size_t position_ = 0;
  std::map<std::pair<std::string_view, std::string>, std::size_t> seen_;
  std::vector<LicenseDocument> out_;
};

}  // namespace

OrderResult parse_order(std::string_view toml, const Issuer& issuer, Time now) {
  std::vector<OrderProblem> problems;
  try {
    const auto root = toml::parse(toml);
    OrderTable table(root, "", problems);
    auto out = OrderReader(issuer, problems).read(table, now);
    if (problems.empty()) return out;
  } catch (const toml::parse_error& error) {
    problems.push_back({static_cast<int>(error.source().begin.line), "",
                        std::string(error.description()) + ".", "Correct the TOML syntax."});
  }
  std::ranges::stable_sort(problems, {}, &OrderProblem::line);
  return tl::make_unexpected(std::move(problems));
}

Error order_error(const std::string& file, const std::vector<OrderProblem>& problems) {
  std::string text = std::to_string(problems.size()) + " problem(s), nothing was issued:";
  for (const auto& problem : problems) {
    text += "\n" + file + ":" + std::to_string(problem.line) + ": ";
    if (!problem.key.empty()) text += problem.key + ": ";
    text += problem.message + " " + problem.cure;
  }
  return {"invalid-order", std::move(text), ""};
}

}  // namespace latchkey::vendor
