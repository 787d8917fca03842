#include "agent/app/lease_answer.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

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

}  // namespace

net::Response lease_answer(const LeaseLedger& ledger, LeaseLedger::Slot slot, Time expires,
                           const std::string& token) {
  thread_local LeaseTable::Items items;
  ledger.read_items(slot, items);
  const auto& accounts = ledger.accounts();
  net::Response response;
  auto& body = response.body;
  body.reserve(1024);
  Writer object(body);
  head(object, ledger, slot, expires).text("token", token).name("usage");
  list(body, items, [&](Writer& out, const LeaseTable::Item& item) {
    pool(out, accounts.id(item.pool)).number("quantity", item.quantity);
  });
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

Json consumer_json(const LeaseLedger& ledger, LeaseLedger::Slot slot, Time expires) {
  const auto lease = ledger.lease(slot);
  Quantities usage;
  for (const auto& item : lease.usage) usage.emplace(item.pool, item.quantity);
  return {{"consumer", lease.consumer},      {"owner", lease.owner},
          {"usage", quantities_json(usage)}, {"ttl_s", lease.ttl_s},
          {"expires", format_time(expires)}, {"version", lease.version.number},
          {"epoch", lease.version.epoch}};
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
