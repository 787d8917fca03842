#include "core/pool/entitlement.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/pool/claims.h"

namespace latchkey {
namespace {

struct Row {
  std::string_view name;
  std::string_view message;
};
constexpr std::array kStatuses{
    Row{"valid", ""},
    Row{"expiring-soon", ""},
    Row{"expired", "it has expired"},
    Row{"not-yet-valid", "it is not valid yet"},
    Row{"base-missing", "a module needs a base license, and none counts now"},
    Row{"hidden", "the same module counts from a license that was issued later"},
    Row{"environment-mismatch", "it was issued for other machines"},
    Row{"superseded", "another license has replaced it"},
    Row{"key-absent", "the USB key that it is bound to is not in use"},
    Row{"server-unavailable", ""},
    Row{"server-lost", "the license server has been away for longer than its grace"},
};
constexpr std::array<std::string_view, 4> kSources{"key", "buffer", "file", "upstream"};

Duration notice(const LicenseEntry& entry, const Catalog& catalog) {
  return is_service(catalog, entry.object) ? kServiceExpiringSoon : kExpiringSoon;
}

class Entitler {
 public:
  Entitler(const Decision& decision, const EntitleContext& context) : catalog_(context.catalog) {
    out_.at = decision.at;
    for (auto& claim : claims(decision, context)) {
      const auto first = out_.entries.size();
      const auto detail = detail_of(claim, context.names);
      for (const auto& entry : claim.document().entries) add(claim, entry, detail);
      out_.documents.push_back({std::move(claim.license), claim.source,
                                std::move(claim.environment), std::move(claim.superseded_by),
                                first});
    }
    if (context.upstream.license) add_upstream(context.upstream);
  }

  Entitlements run() {
    out_.usable = std::ranges::any_of(out_.entries, [](const EntitledEntry& entry) {
      return entry.counts() && entry.entry->kind == EntryKind::base;
    });
    if (out_.usable)
      hide_modules();
    else
      for_counting_modules([](EntitledEntry& entry) { entry.status = EntryStatus::base_missing; });
    return std::move(out_);
  }

 private:
  static std::string detail_of(const Claim& claim,
                               const std::map<std::string, std::string>& names) {
    if (claim.idle == EntryStatus::environment_mismatch)
      return describe_misfit(*claim.environment, names);
    return claim.superseded_by;
  }

  void add(const Claim& claim, const LicenseEntry& entry, const std::string& detail) {
    const Time ends = std::min(entry.validity.not_after, claim.until.value_or(Time::max()));
    auto status = status_by_time(entry, catalog_, out_.at);
    if (out_.at >= ends) status = EntryStatus::expired;
    out_.entries.push_back(
        {claim.license, &entry, claim.source, ends, claim.idle.value_or(status), detail});
    consider(entry.validity.not_before);
    consider(ends);
    // "Less than 15 days" begins one tick of the clock after 15 days.
    consider(entry.validity.not_after - notice(entry, catalog_) + Duration(1));
  }

  /// SPEC SRV-3: it ends with the licenses behind it, and with the grace when it is heard of no
  /// more.
  void add_upstream(const UpstreamCapacity& upstream) {
    const bool over = out_.at >= upstream.good_until;
    const auto first = out_.entries.size();
    for (const auto& entry : upstream.license->document.entries) {
      auto status = status_by_time(entry, catalog_, out_.at);
      if (status != EntryStatus::expired && (over || upstream.lost))
        status = over ? EntryStatus::server_lost : EntryStatus::server_unavailable;
      const Time end = entry.validity.not_after;
      out_.entries.push_back({upstream.license,
                              &entry,
                              LicenseSource::upstream,
                              upstream.lost ? std::min(end, upstream.good_until) : end,
                              status,
                              {}});
      consider(end);
      consider(end - notice(entry, catalog_) + Duration(1));
    }
    consider(upstream.good_until);
    out_.documents.push_back({upstream.license, LicenseSource::upstream, {}, {}, first});
  }

  void consider(Time at) {
    if (at > out_.at && (!out_.next_change || at < *out_.next_change)) out_.next_change = at;
  }

  template <class Change>
  void for_counting_modules(Change change) {
    for (auto& entry : out_.entries)
      if (entry.counts() && entry.entry->kind == EntryKind::module) change(entry);
  }

  /// SPEC LIC-3; between two issued at the same instant the key's is used.
  void hide_modules() {
    struct Issued {
      std::optional<Time> key, file;
    };
    std::map<std::string_view, Issued> modules;
    for_counting_modules([&](const EntitledEntry& entry) {
      if (entry.source == LicenseSource::upstream) return;  // it adds, whoever else has some
      auto& issued = modules[entry.entry->object];
      auto& side = entry.source == LicenseSource::file ? issued.file : issued.key;
      side = std::max(side, std::optional(entry.license->document.issued));
    });
    for_counting_modules([&](EntitledEntry& entry) {
      if (entry.source == LicenseSource::upstream) return;
      const auto& issued = modules[entry.entry->object];
      const bool file_wins = issued.file > issued.key;
      if (issued.file && issued.key && file_wins != (entry.source == LicenseSource::file))
        entry.status = EntryStatus::hidden;
    });
  }

  const Catalog& catalog_;
  Entitlements out_;
};

}  // namespace

std::string_view to_string(EntryStatus status) {
  return kStatuses[static_cast<std::size_t>(status)].name;
}
std::string_view message(EntryStatus status) {
  return kStatuses[static_cast<std::size_t>(status)].message;
}
std::string_view to_string(LicenseSource source) {
  return kSources[static_cast<std::size_t>(source)];
}

bool is_service(const Catalog& catalog, const std::string& object) {
  const auto found = catalog.objects.find(object);
  return found != catalog.objects.end() && found->second.kind == ObjectKind::service;
}

EntryStatus status_by_time(const LicenseEntry& entry, const Catalog& catalog, Time now) {
  const auto& validity = entry.validity;
  if (now >= validity.not_after) return EntryStatus::expired;
  if (now < validity.not_before) return EntryStatus::not_yet_valid;
  // The license's own end: that of a buffer is told apart.
  const bool soon = validity.not_after - now < notice(entry, catalog);
  return soon ? EntryStatus::expiring_soon : EntryStatus::valid;
}

std::span<const EntitledEntry> entries_of(const Entitlements& all,
                                          const EntitledDocument& document) {
  return std::span(all.entries).subspan(document.first, document.license->document.entries.size());
}

EntryStatus status_of(std::span<const EntitledEntry> entries) {
  // Best first; the others hold for a document as a whole.
  constexpr std::array kOrder{EntryStatus::server_unavailable,
                              EntryStatus::server_lost,
                              EntryStatus::expiring_soon,
                              EntryStatus::valid,
                              EntryStatus::hidden,
                              EntryStatus::base_missing,
                              EntryStatus::not_yet_valid,
                              EntryStatus::expired};
  for (const auto status : kOrder)
    if (std::ranges::find(entries, status, &EntitledEntry::status) != entries.end()) return status;
  return entries.front().status;
}

Entitlements entitle(const Decision& decision, const EntitleContext& context) {
  return Entitler(decision, context).run();
}

}  // namespace latchkey
