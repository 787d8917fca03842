#include "agent/app/license_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/license/envelope.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

std::string_view status_of(const ValidityWindow& window, Time now) {
  if (now >= window.not_after) return "expired";
  return now < window.not_before ? "not-yet-valid" : "valid";
}

Json entry_json(const LicenseEntry& entry, const Catalog& catalog, Time now) {
  return {{"object", entry.object},
          {"object_name", object_name(catalog, entry.object)},
          {"unit", entry.unit},
          {"unit_name", unit_name(catalog, entry.unit, entry.quantity)},
          {"known", knows(catalog, entry)},
          {"quantity", entry.quantity},
          {"kind", to_string(entry.kind)},
          {"not_before", format_time(entry.validity.not_before)},
          {"not_after", format_time(entry.validity.not_after)},
          {"status", status_of(entry.validity, now)}};
}

std::string_view status_of(const LicenseSummary& license, Time now) {
  if (usable(license, now)) return "valid";
  return now >= entries_until(license) ? "expired" : "not-yet-valid";
}

/// A document of the list: where it is, and how it came.
struct Item {
  std::string key_id;
  const LicenseSummary* license;
  bool on_key = false;
  bool used = false;
  const KeptLicense* kept = nullptr;
};

class Listing {
 public:
  explicit Listing(const Decision& decision) {
    for (const auto& kept : decision.kept) item(kept.key_id, kept.license).kept = &kept;
    for (const auto& key : decision.keys) {
      if (key.reading.license) item(key.reading.key_id, *key.reading.license).on_key = true;
      if (key.holding.license) item(key.reading.key_id, *key.holding.license).used = true;
    }
    if (const auto& buffer = decision.buffer)
      item(buffer->key_id, buffer->license).used = decision.usable;
    std::ranges::stable_sort(items_, std::ranges::greater{},
                             [](const Item& item) { return item.license->issued; });
  }
  const std::vector<Item>& items() const { return items_; }

 private:
  Item& item(const std::string& key_id, const LicenseSummary& license) {
    const auto found = std::ranges::find_if(items_, [&](const Item& known) {
      return known.key_id == key_id && known.license->document == license.document;
    });
    if (found != items_.end()) return *found;
    return items_.emplace_back(Item{key_id, &license});
  }

  std::vector<Item> items_;
};

Json installed_json(const KeptLicense& kept, const NodeNames& names) {
  return {{"at", format_time(kept.imported_at)},
          {"by", kept.by},
          {"method", kept.method},
          {"node", kept.node},
          {"node_name", name_of(kept.node, names)}};
}

/// Was verified when it was read or installed; here it is only shown.
std::optional<LicenseDocument> document_of(const Item& item, const FactLog& facts) {
  const auto* bytes = facts.document(item.license->document);
  const auto envelope = bytes ? parse_envelope(*bytes) : fail("document-missing", "");
  auto document = envelope ? parse_license(envelope->payload) : fail("invalid-format", "");
  return document ? std::optional(std::move(*document)) : std::nullopt;
}

Json item_json(const Item& item, const FactLog& facts, const Catalog& catalog, Time now,
               const NodeNames& names) {
  const auto document = document_of(item, facts);
  return {{"document", item.license->document},
          {"id", item.license->id},
          {"key", item.key_id},
          {"customer", document ? document->customer : ""},
          {"issued", format_time(item.license->issued)},
          {"entries_until", format_time(entries_until(*item.license))},
          {"status", status_of(*item.license, now)},
          {"used", item.used},
          {"stored", item.on_key ? (item.kept ? "both" : "key") : "agents"},
          {"installed", item.kept ? installed_json(*item.kept, names) : Json(nullptr)},
          {"entries", document ? entries_json(*document, catalog, now) : Json::array()}};
}

KeyStorage of_attempt(const LicenseWriter::Attempt& attempt, std::string node) {
  using State = LicenseWriter::State;
  if (attempt.state == State::refused)
    return {"refused", std::move(node),
            "The key cannot store it; the agents keep it. " + attempt.error.message};
  if (attempt.state == State::failed)
    return {"failed", std::move(node),
            "Writing it to the key failed and is tried again; the agents keep it. " +
                attempt.error.message};
  return {"pending", std::move(node), "It is being written to the key."};
}

}  // namespace

Json entries_json(const LicenseDocument& document, const Catalog& catalog, Time now) {
  Json entries = Json::array();
  for (const auto& entry : document.entries) entries.push_back(entry_json(entry, catalog, now));
  return entries;
}

KeyStorage key_storage(const Decision& decision, const std::string& key_id,
                       const std::string& document, const std::string& self,
                       const LicenseWriter& writer, const NodeNames& names) {
  const auto key = std::ranges::find_if(
      decision.keys, [&](const PluggedKey& known) { return known.reading.key_id == key_id; });
  if (key == decision.keys.end())
    return {"pending", "", "The key has left; the node where it is seen next writes it."};
  if (key->reading.license && key->reading.license->document == document)
    return {"written", key->node, "The key carries it."};
  const auto* attempt = key->node == self ? writer.attempt(key->port) : nullptr;
  if (attempt && attempt->document == document) return of_attempt(*attempt, key->node);
  return {"pending", key->node, "Node " + name_of(key->node, names) + " writes it to the key."};
}

Json licenses_json(const Decision& decision, const FactLog& facts, const Catalog& catalog,
                   const NodeNames& names) {
  Json licenses = Json::array();
  const Listing listing(decision);
  for (const auto& item : listing.items())
    licenses.push_back(item_json(item, facts, catalog, decision.at, names));
  return {{"time", format_time(decision.at)}, {"licenses", std::move(licenses)}};
}

}  // namespace latchkey
