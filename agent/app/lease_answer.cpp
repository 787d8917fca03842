#include "agent/app/lease_answer.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/api/answer.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

/// Appends the members of one JSON object.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) { out_ += '{'; }
  void end() { out_ += '}'; }

  Writer& name(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    out_.append("\"").append(name).append("\":");
    return *this;
  }
  Writer& text(std::string_view name, std::string_view value) {
    this->name(name);
    out_.append("\"").append(value).append("\"");
    return *this;
  }
  Writer& number(std::string_view name, std::uint64_t value) {
    this->name(name);
    std::array<char, 20> digits{};
    out_.append(digits.data(),
                std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
    return *this;
  }

 private:
  std::string& out_;
};

/// What a lease holds, without an allocation each time.
const LeaseTable::Items& items_of(const LeaseLedger& ledger, LeaseLedger::Slot slot) {
  thread_local LeaseTable::Items items;
  ledger.read_items(slot, items);
  return items;
}

template <class Write>
void list(std::string& out, const LeaseTable::Items& items, Write write) {
  out += '[';
  for (const auto& item : items) {
    if (out.back() != '[') out += ',';
    Writer object(out);
    write(object, item);
    object.end();
  }
  out += ']';
}

Writer& head(Writer& out, const LeaseLedger& ledger, LeaseLedger::Slot slot, Time expires) {
  return out.text("consumer", ledger.consumer(slot))
      .number("ttl_s", ledger.ttl(slot))
      .text("expires", format_time(expires))
      .number("version", ledger.version(slot).number)
      .number("epoch", ledger.version(slot).epoch);
}

Writer& pool(Writer& out, const PoolId& id) {
  return out.text("object", id.object).text("unit", id.unit);
}

void write_usage(Writer& object, std::string& body, const PoolAccounts& accounts,
                 const LeaseTable::Items& items) {
  object.name("usage");
  list(body, items, [&](Writer& out, const LeaseTable::Item& item) {
    pool(out, accounts.id(item.pool)).number("quantity", item.quantity);
  });
}

Writer& write_consumer(Writer& object, std::string& body, const LeaseLedger& ledger,
                       LeaseLedger::Slot slot, const LeaseTimes& times) {
  head(object, ledger, slot, times.expires)
      .text("owner", ledger.owner(slot))
      .text("since", format_time(times.since));
  object.name("heard");
  if (times.heard)
    body.append("\"").append(format_time(*times.heard)).append("\"");
  else
    body.append("null");
  write_usage(object, body, ledger.accounts(), items_of(ledger, slot));
  return object;
}

}  // namespace

net::Response lease_answer(const LeaseLedger& ledger, LeaseLedger::Slot slot, Time expires,
                           const std::string& token) {
  const auto& items = items_of(ledger, slot);
  const auto& accounts = ledger.accounts();
  net::Response response;
  auto& body = response.body;
  body.reserve(1024);
  Writer object(body);
  head(object, ledger, slot, expires).text("token", token);
  write_usage(object, body, accounts, items);
  object.name("pools");
  list(body, items, [&](Writer& out, const LeaseTable::Item& item) {
    pool(out, accounts.id(item.pool))
        .number("total", accounts.total(item.pool))
        .number("used", accounts.used(item.pool))
        .number("available", accounts.available(item.pool));
  });
  object.end();
  return response;
}

net::Response heartbeat_answer(const LeaseLedger& ledger, LeaseLedger::Slot slot, Time expires) {
  net::Response response;
  Writer object(response.body);
  head(object, ledger, slot, expires).end();
  return response;
}

net::Response consumer_answer(const LeaseLedger& ledger, LeaseLedger::Slot slot,
                              const LeaseTimes& times, const ConsumerTerms* terms) {
  net::Response response;
  auto& body = response.body;
  body.reserve(1024);
  Writer object(body);
  write_consumer(object, body, ledger, slot, times).name("connected");
  body.append("true");
  object.name("terms");
  body.append(terms == nullptr ? "null" : json_text(terms_json(*terms)));
  object.end();
  return response;
}

void ConsumerPage::add(const LeaseLedger& ledger, LeaseLedger::Slot slot, const LeaseTimes& times) {
  if (size_++ > 0) body_ += ',';
  Writer object(body_);
  write_consumer(object, body_, ledger, slot, times).end();
}

net::Response ConsumerPage::answer(std::uint64_t next) && {
  net::Response response;
  response.body = std::move(body_) + R"(],"next":)" + std::to_string(next) + "}";
  return response;
}

Json quantities_json(const Quantities& quantities) {
  Json list = Json::array();
  for (const auto& [id, quantity] : quantities)
    list.push_back({{"object", id.object}, {"unit", id.unit}, {"quantity", quantity}});
  return list;
}

Json terms_json(const ConsumerTerms& terms) {
  return {{"reserve", quantities_json(terms.reserve)},
          {"cap", quantities_json(terms.cap)},
          {"low_water", quantities_json(terms.low_water)}};
}

Json figures_json(const PoolAccounts& accounts, const PoolId& id) {
  Json out{{"object", id.object}, {"unit", id.unit}, {"total", 0}, {"used", 0}, {"available", 0}};
  if (const auto known = accounts.find(id))
    out.update({{"total", accounts.total(*known)},
                {"used", accounts.used(*known)},
                {"available", accounts.available(*known)}});
  return out;
}

}  // namespace latchkey
