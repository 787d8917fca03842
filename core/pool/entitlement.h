#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/deployment/decision.h"
#include "core/deployment/environment.h"
#include "core/license/catalog.h"
#include "core/license/document.h"

namespace latchkey {

inline constexpr Duration kExpiringSoon = 15 * kDay;         ///< SPEC LIC-9
inline constexpr Duration kServiceExpiringSoon = 30 * kDay;  ///< SPEC LIC-9: after-sales service

/// Whether an entry counts now, or why not (SPEC LIC-9).
enum class EntryStatus {
  valid,
  expiring_soon,  ///< counts, and its own validity ends in less than 15 (a service: 30) days
  expired,        ///< or the buffer that carried it is over (SPEC BUF-6)
  not_yet_valid,
  base_missing,  ///< a module while no base entry counts (SPEC LIC-1)
  hidden,        ///< the same module counts from the source that was issued last (SPEC LIC-3)
  environment_mismatch,  ///< its document describes other machines (SPEC REQ-2)
  superseded,            ///< its document was replaced by another
  key_absent,            ///< the key it is bound to is not the one in use, nor bridged by a buffer
  server_unavailable,    ///< counts; the upstream is lost, and its grace runs (SPEC SRV-3)
  server_lost,           ///< the upstream is lost, and its grace is over
};
/// `valid`, `expiring-soon`, …
std::string_view to_string(EntryStatus status);
/// Why it does not count, for people; empty when it does.
std::string_view message(EntryStatus status);

/// What carries an entry.
enum class LicenseSource { key, buffer, file, upstream };
std::string_view to_string(LicenseSource source);  ///< `key`, `buffer`, `file`, `upstream`

/// A document that was verified when it was read or installed.
struct StoredLicense {
  std::string hash;  ///< content hash of its envelope
  LicenseDocument document;
};

struct EntitledEntry {
  std::shared_ptr<const StoredLicense> license;
  const LicenseEntry* entry = nullptr;  ///< within `license`
  LicenseSource source = LicenseSource::file;
  Time ends;  ///< when it stops counting: its own expiry, or before that the buffer's (SPEC BUF-6)
  EntryStatus status = EntryStatus::valid;
  /// For people: which node and what of it (environment_mismatch), which document is in its place
  /// (superseded); else empty.
  std::string detail;

  bool counts() const {
    return status == EntryStatus::valid || status == EntryStatus::expiring_soon ||
           status == EntryStatus::server_unavailable;
  }
};

/// What all entries of a document have in common.
struct EntitledDocument {
  std::shared_ptr<const StoredLicense> license;
  LicenseSource source = LicenseSource::file;
  std::optional<EnvironmentFit> environment;  ///< of a file license (SPEC REQ-2)
  std::string superseded_by;                  ///< id of the document in its place; empty: none
  std::size_t first = 0;                      ///< where its entries begin in Entitlements::entries
};

/// What may be used at one instant, wherever its documents come from.
struct Entitlements {
  Time at;
  /// Every document that is known here, once: the key's or the buffer's, then what was installed,
  /// in that order, then what other keys carry, then what the upstream lets this site use.
  std::vector<EntitledDocument> documents;
  std::vector<EntitledEntry> entries;  ///< of all of them, in that order
  bool usable = false;                 ///< some base entry counts
  std::optional<Time> next_change;  ///< the next instant at which this changes without a new fact
};

/// What a client site holds of its upstream (SPEC SRV-3).
struct UpstreamCapacity {
  std::shared_ptr<const StoredLicense> license;  ///< null: nothing
  Time good_until;                               ///< not longer, unless it is heard of again
  bool lost = false;                             ///< it does not answer
};

struct EntitleContext {
  const Catalog& catalog;
  DeploymentId deployment;                   ///< this one
  std::map<std::string, std::string> names;  ///< node id -> what people call it
  /// The document with this content hash; null when it is not here: then it does not count.
  std::function<std::shared_ptr<const StoredLicense>(const std::string& hash)> document;
  UpstreamCapacity upstream{};
};

/// Pure, and the same on both nodes (SPEC KEY-6). Documents of keys and of files go the same way
/// from here on.
Entitlements entitle(const Decision& decision, const EntitleContext& context);

std::span<const EntitledEntry> entries_of(const Entitlements& all,
                                          const EntitledDocument& document);

/// The status of a document with these entries: theirs when they agree, else that of the best of
/// them; `expiring-soon` as soon as that is true of one that counts. Not for an empty span.
EntryStatus status_of(std::span<const EntitledEntry> entries);

/// Of an entry by itself, whatever its document is worth here: `valid`, `expiring-soon`, `expired`
/// or `not-yet-valid` (SPEC LIC-9).
EntryStatus status_by_time(const LicenseEntry& entry, const Catalog& catalog, Time now);

/// That of this key, while it is in use or a buffer bridges it; else null.
const LicenseSummary* license_in_use(const Decision& decision, std::string_view key_id);

/// Is it a service (after-sales), as the catalogue has it?
bool is_service(const Catalog& catalog, const std::string& object);

}  // namespace latchkey
