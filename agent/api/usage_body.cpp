#include "agent/api/usage_body.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/pool/lease_token.h"

namespace latchkey {
namespace {

constexpr std::size_t kMaxName = 64;  // of objects and units, as in a license document

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
}

bool is_plain_text(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// nlohmann's SAX interface. Where it stands: outside, in the statement, in its list, in an item.
class Reader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Reader(UsageStatement& out) : out_(out) {
    out_.usage.clear();
    out_.ttl_s = kDefaultTtl;
    out_.request.clear();
    out_.token.clear();
  }

  bool complete() const { return depth_ == Depth::outside && has(kUsage); }
  const char* problem() const { return problem_; }

  bool start_object(std::size_t) override {
    if (depth_ == Depth::outside && seen_ == 0) return enter(Depth::statement);
    if (depth_ != Depth::list || out_.usage.size() == kMaxLeaseItems)
      return bad("an object stands where none belongs, or usage names more than 32 pools");
    out_.usage.emplace_back();
    item_seen_ = 0;
    return enter(Depth::item);
  }
  bool end_object() override {
    if (depth_ == Depth::item) {
      if (item_seen_ != (kObject | kUnit | kQuantity))
        return bad("an item of usage lacks object, unit or quantity");
      return enter(Depth::list);
    }
    return enter(Depth::outside);
  }
  bool start_array(std::size_t) override {
    if (depth_ != Depth::statement || key_ != kUsage)
      return bad("a list stands where none belongs");
    return enter(Depth::list);
  }
  bool end_array() override { return enter(Depth::statement); }

  bool key(string_t& name) override {
    static constexpr std::array<std::pair<std::string_view, unsigned>, 4> kStatement{
        {{"usage", kUsage}, {"ttl_s", kTtl}, {"request", kRequest}, {"token", kToken}}};
    static constexpr std::array<std::pair<std::string_view, unsigned>, 3> kItem{
        {{"object", kObject}, {"unit", kUnit}, {"quantity", kQuantity}}};
    return depth_ == Depth::item ? take_key(name, kItem, item_seen_)
                                 : take_key(name, kStatement, seen_);
  }

  bool string(string_t& value) override {
    if (depth_ == Depth::item && key_ == kObject) return name(value, out_.usage.back().pool.object);
    if (depth_ == Depth::item && key_ == kUnit) return name(value, out_.usage.back().pool.unit);
    if (depth_ == Depth::statement && key_ == kRequest && is_plain_text(value, kMaxRequestId))
      return assign(value, out_.request);
    if (depth_ == Depth::statement && key_ == kToken && is_plain_text(value, LeaseSeal::kMaxToken))
      return assign(value, out_.token);
    return bad("a text stands where none belongs, or is too long");
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ == Depth::item && key_ == kQuantity && value <= kMaxQuantity) {
      out_.usage.back().quantity = value;
      return true;
    }
    if (depth_ == Depth::statement && key_ == kTtl && value >= 1 && value <= kMaxTtl) {
      out_.ttl_s = static_cast<std::uint32_t>(value);
      return true;
    }
    return bad("a number stands where none belongs, or is out of range");
  }
  bool number_integer(number_integer_t) override { return bad("a number is negative"); }
  bool number_float(number_float_t, const string_t&) override {
    return bad("a number is not whole");
  }
  bool null() override { return bad("null stands where none belongs"); }
  bool boolean(bool) override { return bad("true or false stands where none belongs"); }
  bool binary(binary_t&) override { return false; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return bad("it is no JSON");
  }

 private:
  enum class Depth { outside, statement, list, item };
  static constexpr unsigned kUsage = 1, kTtl = 2, kRequest = 4, kToken = 8;
  static constexpr unsigned kObject = 1, kUnit = 2, kQuantity = 4;

  bool has(unsigned key) const { return (seen_ & key) != 0; }
  bool enter(Depth depth) {
    depth_ = depth;
    return true;
  }
  bool bad(const char* problem) {
    if (problem_ == nullptr) problem_ = problem;
    return false;
  }
  template <class Known>
  bool take_key(const string_t& name, const Known& known, unsigned& seen) {
    for (const auto& [text, bit] : known) {
      if (name != text) continue;
      if ((seen & bit) != 0) return bad("a member is named twice");
      seen |= bit;
      key_ = bit;
      return true;
    }
    return bad("it has a member that is not known");
  }
  bool name(string_t& value, std::string& to) {
    return is_name(value) ? assign(value, to) : bad("a name has other signs than a-z 0-9 . - _ :");
  }
  static bool assign(const string_t& value, std::string& to) {
    to.assign(value);
    return true;
  }

  UsageStatement& out_;
  Depth depth_ = Depth::outside;
  unsigned key_ = 0, seen_ = 0, item_seen_ = 0;
  const char* problem_ = nullptr;
};

tl::unexpected<Error> bad(const char* problem) {
  return fail(
      "bad-request", std::string("The statement of usage cannot be understood: ") + problem + ".",
      "Send {\"usage\": [{\"object\": \"kvm\", \"unit\": \"cpu-socket\", \"quantity\": 4}], "
      "\"ttl_s\": 60}; docs/api.yaml has all of it.");
}

bool names_twice(const std::vector<UsageItem>& usage) {
  for (std::size_t i = 1; i < usage.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (usage[i].pool == usage[j].pool) return true;
  return false;
}

}  // namespace

Result<void> read_usage(std::string_view body, UsageStatement& out) {
  Reader reader(out);
  const bool read = nlohmann::json::sax_parse(body, &reader);
  if (!read || reader.problem() != nullptr)
    return bad(reader.problem() != nullptr ? reader.problem() : "it is no JSON");
  if (!reader.complete()) return bad("usage is missing");
  if (names_twice(out.usage)) return bad("usage names a pool twice");
  return {};
}

}  // namespace latchkey
