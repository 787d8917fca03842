#include "agent/app/license_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/text.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

Json entry_json(const LicenseEntry& entry, const Catalog& catalog, std::string_view status) {
  auto out = grant_json(entry, catalog);
  out["known"] = knows(catalog, entry);
  out["status"] = status;
  return out;
}

/// A document of the list: where it is, and how it came.
struct Item {
  std::string key_id;  ///< empty: a file license
  const LicenseSummary* license;
  bool on_key = false;
  const KeptLicense* kept = nullptr;
};

class Listing {
 public:
  explicit Listing(const Decision& decision) {
    for (const auto& kept : decision.kept) item(kept.key_id, kept.license).kept = &kept;
    for (const auto& key : decision.keys) {
      if (key.reading.license) item(key.reading.key_id, *key.reading.license).on_key = true;
      if (key.holding.license) item(key.reading.key_id, *key.holding.license);
    }
    if (const auto& buffer = decision.buffer) item(buffer->key_id, buffer->license);
    std::ranges::stable_sort(items_, std::ranges::greater{},
                             [](const Item& item) { return item.license->issued; });
  }
  const std::vector<Item>& items() const { return items_; }

 private:
  Item& item(const std::string& key_id, const LicenseSummary& license) {
    const auto [known, fresh] =
        places_.try_emplace(std::pair(key_id, license.document), items_.size());
    if (fresh) items_.push_back({key_id, &license});
    return items_[known->second];
  }

  std::vector<Item> items_;
  std::map<std::pair<std::string, std::string>, std::size_t> places_;  // while items_ is built
};

Json installed_json(const KeptLicense& kept, const NodeNames& names) {
  return {{"at", format_time(kept.imported_at)},
          {"by", kept.by},
          {"method", kept.method},
          {"batch", kept.batch},
          {"node", kept.node},
          {"node_name", name_of(kept.node, names)}};
}

Json environment_json(const std::optional<EnvironmentFit>& fit, const NodeNames& names) {
  if (!fit) return nullptr;
  return {{"fits", fit->fits()}, {"misfit", describe_misfit(*fit, names)}};
}

constexpr std::string_view kMissing = "document-missing";  // it is not here yet

Json worth_json(const EntitledDocument* document, const JudgedLicenses& judged,
                const LicenseView& view) {
  if (document == nullptr)
    return {{"customer", ""},         {"status", kMissing}, {"used", false},
            {"environment", nullptr}, {"count", 0},         {"superseded_by", ""}};
  const auto entries = judged.entries(*document);
  return {{"customer", document->license->document.customer},
          {"status", to_string(status_of(entries))},
          {"used", std::ranges::any_of(entries, &EntitledEntry::counts)},
          {"environment", environment_json(document->environment, view.premises.names)},
          {"superseded_by", document->superseded_by},
          {"count", entries.size()}};
}

Json item_json(const Item& item, const JudgedLicenses& judged, const LicenseView& view,
               bool with_entries) {
  const auto* document = judged.find(item.license->document);
  auto out = worth_json(document, judged, view);
  if (with_entries)
    out["entries"] =
        document ? entries_json(judged.entries(*document), view.catalog) : Json::array();
  out.update(
      {{"document", item.license->document},
       {"id", item.license->id},
       {"key", item.key_id},
       {"issued", format_time(item.license->issued)},
       {"entries_until", format_time(entries_until(*item.license))},
       {"stored", item.on_key ? (item.kept ? "both" : "key") : "agents"},
       {"installed", item.kept ? installed_json(*item.kept, view.premises.names) : Json(nullptr)}});
  return out;
}

bool matches(const Item& item, const JudgedLicenses& judged, const LicenseQuery& query) {
  const auto* document = judged.find(item.license->document);
  const auto has = [&](std::string_view text) { return contains_text(text, query.text); };
  if (!query.text.empty() && !has(item.license->id) && !has(item.key_id) &&
      !(document && has(document->license->document.customer)))
    return false;
  return query.status.empty() ||
         query.status == (document ? to_string(status_of(judged.entries(*document))) : kMissing);
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

std::string bound_key(const LicenseDocument& document) {
  const auto* key = std::get_if<KeyBinding>(&document.binding);
  return key ? key->key_id : "";
}

Json grant_json(const LicenseEntry& entry, const Catalog& catalog) {
  return {{"object", entry.object},
          {"object_name", object_name(catalog, entry.object)},
          {"unit", entry.unit},
          {"unit_name", unit_name(catalog, entry.unit, entry.quantity)},
          {"quantity", entry.quantity},
          {"kind", to_string(entry.kind)},
          {"not_before", format_time(entry.validity.not_before)},
          {"not_after", format_time(entry.validity.not_after)}};
}

Json entries_json(const LicenseDocument& document, const Catalog& catalog, Time now) {
  Json entries = Json::array();
  for (const auto& entry : document.entries)
    entries.push_back(entry_json(entry, catalog, to_string(status_by_time(entry, catalog, now))));
  return entries;
}

Json entries_json(std::span<const EntitledEntry> entitled, const Catalog& catalog) {
  Json entries = Json::array();
  for (const auto& one : entitled)
    entries.push_back(entry_json(*one.entry, catalog, to_string(one.status)));
  return entries;
}

Json entries_json(const LicenseDocument& document, const Catalog& catalog,
                  std::string_view status) {
  Json entries = Json::array();
  for (const auto& entry : document.entries) entries.push_back(entry_json(entry, catalog, status));
  return entries;
}

JudgedLicenses::JudgedLicenses(const LicenseView& view) {
  const auto document = [&](const std::string& hash) -> std::shared_ptr<const StoredLicense> {
    const auto found = view.documents.find(hash);
    return found == view.documents.end() ? nullptr : found->second;
  };
  all_ = entitle(view.decision,
                 {view.catalog, view.premises.deployment, view.premises.names, document});
  for (const auto& one : all_.documents) by_hash_.emplace(one.license->hash, &one);
}

const EntitledDocument* JudgedLicenses::find(std::string_view hash) const {
  const auto found = by_hash_.find(hash);
  return found == by_hash_.end() ? nullptr : found->second;
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
  const auto& holding = key->holding;
  if (holding.license && holding.license->document != document && holding.to_write != document)
    return {"superseded", key->node, "A license that was issued later counts for the key."};
  const auto* attempt = key->node == self ? writer.attempt(key->port) : nullptr;
  if (attempt && attempt->document == document) return of_attempt(*attempt, key->node);
  return {"pending", key->node, "Node " + name_of(key->node, names) + " writes it to the key."};
}

Json licenses_json(const LicenseView& view, const LicenseQuery& query) {
  const JudgedLicenses judged(view);
  const Listing listing(view.decision);
  Json licenses = Json::array();
  std::size_t place = 0;
  for (const auto& item : listing.items()) {
    if (!matches(item, judged, query) || place++ < query.after) continue;
    if (query.limit == 0 || licenses.size() < query.limit)
      licenses.push_back(item_json(item, judged, view, query.entries));
  }
  const auto end = query.after + licenses.size();
  return {{"time", format_time(view.decision.at)},
          {"total", listing.items().size()},
          {"matching", place},
          {"licenses", std::move(licenses)},
          {"next", end < place ? end : 0}};
}

}  // namespace latchkey
