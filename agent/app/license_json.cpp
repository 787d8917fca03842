#include "agent/app/license_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/deployment/environment.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

std::string_view status_of(const ValidityWindow& window, Time now) {
  if (now >= window.not_after) return "expired";
  return now < window.not_before ? "not-yet-valid" : "valid";
}

Json entry_json(const LicenseEntry& entry, const Catalog& catalog, Time now) {
  auto out = grant_json(entry, catalog);
  out["known"] = knows(catalog, entry);
  out["status"] = status_of(entry.validity, now);
  return out;
}

std::string_view status_of(const LicenseSummary& license, Time now) {
  if (usable(license, now)) return "valid";
  return now >= entries_until(license) ? "expired" : "not-yet-valid";
}

/// A document of the list: where it is, and how it came.
struct Item {
  std::string key_id;  ///< empty: a file license
  const LicenseSummary* license;
  bool on_key = false;
  bool used = false;
  const KeptLicense* kept = nullptr;
  std::optional<EnvironmentFit> environment = {};  ///< of a file license
  std::string superseded_by = {};                  ///< id of the file license in its place
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

  /// File licenses: for this deployment (SPEC REQ-2), and not replaced by another.
  void judge_files(const Decision& decision, const Premises& premises, const FindLicense& find) {
    std::map<std::string, std::string> superseded;
    for (const auto& item : items_)
      if (const auto* document = item.key_id.empty() ? find(item.license->document) : nullptr)
        for (const auto& id : document->supersedes) superseded.emplace(id, document->id);
    for (auto& item : items_) {
      const auto* document = item.key_id.empty() ? find(item.license->document) : nullptr;
      const auto* binding = document ? std::get_if<DeploymentBinding>(&document->binding) : nullptr;
      if (!binding) continue;
      item.environment = fit_environment(*binding, premises.deployment, decision.factors);
      if (const auto by = superseded.find(item.license->id); by != superseded.end())
        item.superseded_by = by->second;
      item.used = item.environment->fits() && item.superseded_by.empty() &&
                  usable(*item.license, decision.at);
    }
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

Json item_json(const Item& item, const LicenseDocument* document, const Catalog& catalog, Time now,
               const NodeNames& names) {
  return {{"document", item.license->document},
          {"id", item.license->id},
          {"key", item.key_id},
          {"customer", document ? document->customer : ""},
          {"issued", format_time(item.license->issued)},
          {"entries_until", format_time(entries_until(*item.license))},
          {"status", status_of(*item.license, now)},
          {"used", item.used},
          {"stored", item.on_key ? (item.kept ? "both" : "key") : "agents"},
          {"environment", environment_json(item.environment, names)},
          {"superseded_by", item.superseded_by},
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
  const auto& holding = key->holding;
  if (holding.license && holding.license->document != document && holding.to_write != document)
    return {"superseded", key->node, "A license that was issued later counts for the key."};
  const auto* attempt = key->node == self ? writer.attempt(key->port) : nullptr;
  if (attempt && attempt->document == document) return of_attempt(*attempt, key->node);
  return {"pending", key->node, "Node " + name_of(key->node, names) + " writes it to the key."};
}

Json licenses_json(const LicenseView& view) {
  const auto find = [&](const std::string& hash) {
    const auto found = view.documents.find(hash);
    return found == view.documents.end() ? nullptr : found->second;
  };
  Json licenses = Json::array();
  Listing listing(view.decision);
  listing.judge_files(view.decision, view.premises, find);
  for (const auto& item : listing.items())
    licenses.push_back(item_json(item, find(item.license->document), view.catalog, view.decision.at,
                                 view.premises.names));
  return {{"time", format_time(view.decision.at)}, {"licenses", std::move(licenses)}};
}

}  // namespace latchkey
