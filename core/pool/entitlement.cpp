#include "core/pool/entitlement.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "core/deployment/environment.h"

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
};
constexpr std::array<std::string_view, 3> kSources{"key", "buffer", "file"};

/// A document with what holds for all its entries.
struct Claim {
  std::shared_ptr<const StoredLicense> license;
  LicenseSource source = LicenseSource::file;
  std::optional<Time> until;        ///< the buffer's end
  std::optional<EntryStatus> idle;  ///< why none of its entries counts, whatever the time
  std::string detail;

  const LicenseDocument& document() const { return license->document; }
  bool begun(Time now) const {
    return std::ranges::any_of(document().entries, [now](const LicenseEntry& entry) {
      return entry.validity.not_before <= now;
    });
  }
};

/// The documents that are known here, each once.
class Claims {
 public:
  Claims(const Decision& decision, const EntitleContext& context)
      : decision_(decision), context_(context) {
    if (decision.license) add({find(decision.license->document), LicenseSource::key, {}, {}, {}});
    if (const auto& buffer = decision.buffer)
      add({find(buffer->license.document), LicenseSource::buffer, buffer->until, {}, {}});
    for (const auto& kept : decision.kept) add(claim_of(kept));
    for (const auto& key : decision.keys)
      if (const auto& license = key.holding.license)
        add({find(license->document), LicenseSource::key, {}, EntryStatus::key_absent, {}});
    supersede();
  }
  std::vector<Claim> take() { return std::move(claims_); }

 private:
  std::shared_ptr<const StoredLicense> find(const std::string& hash) const {
    return context_.document(hash);
  }

  void add(Claim claim) {
    if (claim.license && known_.insert(claim.license->hash).second)
      claims_.push_back(std::move(claim));
  }

  Claim claim_of(const KeptLicense& kept) const {
    Claim claim{find(kept.license.document), LicenseSource::file, {}, {}, {}};
    if (!claim.license) return claim;
    if (!kept.key_id.empty()) {
      // The one that counts for the key in use, or is bridged, was added before.
      claim.source = LicenseSource::key;
      claim.idle = kept.key_id == current_key() ? EntryStatus::superseded : EntryStatus::key_absent;
    } else {
      judge_environment(claim);
    }
    return claim;
  }

  void judge_environment(Claim& claim) const {
    // A fact may call anything a file license: without a machine to fit, it fits none.
    static const DeploymentBinding kNone{};
    const auto* binding = std::get_if<DeploymentBinding>(&claim.document().binding);
    const auto fit =
        fit_environment(binding ? *binding : kNone, context_.deployment, decision_.factors);
    if (fit.fits()) return;
    claim.idle = EntryStatus::environment_mismatch;
    claim.detail = describe_misfit(fit, context_.names);
  }

  std::string_view current_key() const {
    if (!decision_.key_id.empty()) return decision_.key_id;
    return decision_.buffer ? std::string_view(decision_.buffer->key_id) : std::string_view();
  }

  /// A file license ends when a document that names it begins: a renewal installed ahead of its
  /// time leaves no gap. The order of issue keeps two that name each other from both ending.
  void supersede() {
    std::multimap<std::string_view, const Claim*> replacing;  // by the id that is replaced
    for (const auto& claim : claims_)
      if (claim.idle != EntryStatus::environment_mismatch && claim.begun(decision_.at))
        for (const auto& id : claim.document().supersedes) replacing.emplace(id, &claim);
    for (auto& claim : claims_) {
      if (claim.source != LicenseSource::file || claim.idle) continue;
      const auto [first, last] = replacing.equal_range(claim.document().id);
      if (std::any_of(first, last, [&](const auto& by) { return is_later(*by.second, claim); }))
        claim.idle = EntryStatus::superseded;
    }
  }
  static bool is_later(const Claim& a, const Claim& b) {
    return std::tie(a.document().issued, a.license->hash) >
           std::tie(b.document().issued, b.license->hash);
  }

  const Decision& decision_;
  const EntitleContext& context_;
  std::set<std::string_view> known_;
  std::vector<Claim> claims_;
};

class Entitler {
 public:
  Entitler(const Decision& decision, const EntitleContext& context) : catalog_(context.catalog) {
    out_.at = decision.at;
    for (const auto& claim : Claims(decision, context).take())
      for (const auto& entry : claim.document().entries) add(claim, entry);
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
  Duration notice(const LicenseEntry& entry) const {
    return is_service(catalog_, entry.object) ? kServiceExpiringSoon : kExpiringSoon;
  }

  EntryStatus by_time(const LicenseEntry& entry, Time ends) const {
    if (out_.at >= ends) return EntryStatus::expired;
    if (out_.at < entry.validity.not_before) return EntryStatus::not_yet_valid;
    // The license's own end: that of a buffer is told apart.
    const bool soon = entry.validity.not_after - out_.at < notice(entry);
    return soon ? EntryStatus::expiring_soon : EntryStatus::valid;
  }

  void add(const Claim& claim, const LicenseEntry& entry) {
    const Time ends = std::min(entry.validity.not_after, claim.until.value_or(Time::max()));
    const auto status = claim.idle ? *claim.idle : by_time(entry, ends);
    out_.entries.push_back({claim.license, &entry, claim.source, ends, status, claim.detail});
    consider(entry.validity.not_before);
    consider(ends);
    // "Less than 15 days" begins one tick of the clock after 15 days.
    consider(entry.validity.not_after - notice(entry) + Duration(1));
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
      auto& issued = modules[entry.entry->object];
      auto& side = entry.source == LicenseSource::file ? issued.file : issued.key;
      side = std::max(side, std::optional(entry.license->document.issued));
    });
    for_counting_modules([&](EntitledEntry& entry) {
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

Entitlements entitle(const Decision& decision, const EntitleContext& context) {
  return Entitler(decision, context).run();
}

}  // namespace latchkey
