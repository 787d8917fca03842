#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "core/access/access_fact.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/deployment/fingerprint.h"
#include "core/pool/pool_id.h"
#include "core/ports.h"
#include "core/site/upstream_fact.h"
#include "core/usbkey/reading.h"

namespace latchkey {

// A fact is something one node saw or was told. Facts are append-only, numbered and hash-chained
// per chain, and replicated as they are. A node starts a new chain when its database is new or was
// restored from a backup (SPEC BUF-10); everything durable is a pure fold over the facts of all
// chains (DESIGN 1).

struct NodeStarted {
  std::string version;
  bool operator==(const NodeStarted&) const = default;
};
/// A clean stop; a crash leaves none.
struct NodeStopped {
  bool operator==(const NodeStopped&) const = default;
};
/// A member of the deployment, written by the node that invited it and by the node that founded the
/// deployment about itself. `replaces` names a member that left for good: its keys are gone.
struct NodeJoined {
  std::string node;
  std::string replaces;
  bool operator==(const NodeJoined&) const = default;
};
/// A reading ended; the first one of a port is the insertion.
struct KeyRead {
  std::string port;
  std::string driver;
  KeyReading reading;
  bool operator==(const KeyRead&) const = default;
};
/// `while_down`: noticed at the agent's start, so pulled while it was not running (SPEC KEY-14).
struct KeyGone {
  std::string port;
  bool while_down = false;
  bool operator==(const KeyGone&) const = default;
};
/// An administrator installed a license. The document travels with the fact.
struct LicenseImported {
  /// That the document is bound to (SPEC LIC-8); empty: a file license, bound to the deployment by
  /// its request key.
  std::string key_id;
  LicenseSummary license;  ///< of the document, which was verified before this was written
  std::string by;          ///< who, as the agent's socket knew them
  std::string method;      ///< SPEC REC-1: `file`
  std::string batch = {};  ///< content hash of the upload that it came in (SPEC REC-1)
  bool operator==(const LicenseImported&) const = default;
};
/// An administrator deleted a file license (SPEC LIC-2). A later import of the same document counts
/// again.
struct LicenseDeleted {
  std::string document;  ///< content hash
  std::string id;        ///< the license's own id
  std::string by;        ///< as LicenseImported::by
  bool operator==(const LicenseDeleted&) const = default;
};
/// An installed document counts no more, now and for good: the vendor revoked it (SPEC SEC-5).
struct LicenseWithdrawn {
  std::string key_id;
  std::string document;  ///< content hash
  std::string id;        ///< the license's own id
  std::string reason;    ///< code of SPEC LIC-5: `revoked`
  bool operator==(const LicenseWithdrawn&) const = default;
};
/// An administrator installed a trust bundle (SPEC SEC-5). The bundle travels with the fact; each
/// node judges it by its signatures, not by this.
struct TrustInstalled {
  std::uint64_t version = 0;
  std::string document;  ///< content hash of the envelope
  std::string by;
  bool operator==(const TrustInstalled&) const = default;
};
/// What an administrator uploaded was refused, all or part of it (SPEC REC-1). Bounded in size and
/// in number, see Witness::import_refused().
struct ImportRefused {
  std::string code;    ///< of the first refusal
  std::string detail;  ///< for people
  std::string by;
  std::string method;  ///< as LicenseImported::method
  std::string batch;   ///< content hash of the upload
  bool operator==(const ImportRefused&) const = default;
};
/// License time went forward by more than kClockSkew at once, because a clock was believed (SPEC
/// TIME-2). Should the vendor say later that it was wrong, this says by how much.
struct ClockJumped {
  Time from;
  Time to;  ///< later; the same once it was taken back, see core/deployment/repaired_dates.h
  bool operator==(const ClockJumped&) const = default;
};
/// A time repair (core/license/time_repair.h) took license time back on this node; the first fact
/// of a new chain. The document travels with the fact.
struct TimeRepaired {
  std::string id;        ///< of the document
  Time time;             ///< that it tells
  std::string document;  ///< content hash of the envelope
  /// The chains that a wrong clock dated, each with its last fact known here.
  std::map<std::string, std::uint64_t> heads;
  /// One of them had jumped more than once, and not every jump need have been wrong: the dates are
  /// the earliest possible ones.
  bool estimated = false;
  std::string by;
  bool operator==(const TimeRepaired&) const = default;
};
/// An administrator took a consumer's lease away (SPEC POOL-7): the lease of that version, and what
/// came before it.
struct LeaseReleased {
  std::string consumer;
  std::uint32_t epoch = 0;  ///< with `version`, as LeaseVersion (core/pool/lease.h)
  std::uint64_t version = 0;
  Quantities usage;  ///< what it held
  std::string by;    ///< as LicenseImported::by
  std::string reason;
  bool operator==(const LeaseReleased&) const = default;
};
/// What an administrator set for a consumer, in place of what was set before (SPEC POOL-8); nothing
/// set: its terms are gone.
struct ConsumerTermsSet {
  std::string consumer;
  Quantities reserve, cap, low_water;  ///< as ConsumerTerms (core/pool/lease.h)
  std::string by;
  bool operator==(const ConsumerTermsSet&) const = default;
};
/// From now on the node that writes this keeps the deployment's leases (SPEC SRV-4): of all such
/// facts the one of the highest epoch counts, of the same epoch that of the smaller node id.
struct LeasesTaken {
  std::uint32_t epoch = 0;  ///< 1 to kMaxEpoch
  std::string cause;        ///< `vip`, `first`, `administrator`
  std::string by;           ///< the administrator; else empty
  bool operator==(const LeasesTaken&) const = default;
};
inline constexpr std::uint32_t kMaxEpoch = 2'000'000'000;
/// The peer stayed silent for peer.hold: from now on its keys count as absent for this node (SPEC
/// KEY-12).
struct PeerLost {
  std::string peer;
  bool operator==(const PeerLost&) const = default;
};
/// The peer is back and its facts up to now have arrived.
struct PeerFound {
  std::string peer;
  bool operator==(const PeerFound&) const = default;
};
/// Tampering or damage that somebody must know of: a broken hash chain, a forked history, a
/// restored database.
struct HistoryWarning {
  std::string code;  ///< `history-restored`, `history-forked`, `chain-broken`
  std::string detail;
  bool operator==(const HistoryWarning&) const = default;
};
/// A kind that this version does not know: kept, shown, replicated, without effect.
struct UnknownFact {
  std::string kind;
  bool operator==(const UnknownFact&) const = default;
};

using FactBody =
    std::variant<NodeStarted, NodeStopped, NodeJoined, NodeFactors, KeyRead, KeyGone,
                 LicenseImported, LicenseDeleted, LicenseWithdrawn, TrustInstalled, ImportRefused,
                 ClockJumped, TimeRepaired, LeaseReleased, ConsumerTermsSet, AccessFact,
                 UpstreamFact, LeasesTaken, PeerLost, PeerFound, HistoryWarning, UnknownFact>;

/// `node-started`, `key-read`, …
std::string_view kind(const FactBody& body);

struct Fact {
  Time at;                ///< the writer's license time; never decreases within a chain
  std::string chain;      ///< 32 hex digits, random per chain
  std::uint64_t seq = 0;  ///< from 1, without gaps
  std::string node;       ///< the writer's node id
  FactBody body;
  bool operator==(const Fact&) const = default;
};

/// The content hash of the license document that a fact names, without which it is only half
/// there; empty for none.
std::string_view named_document(const FactBody& body);

/// The order in which facts are folded on every node, whatever order they arrived in.
std::strong_ordering canonical_order(const Fact& a, const Fact& b);

/// Canonical text (sorted keys, no white space) with the chain's previous hash, and its hash.
EncodedFact encode(const Fact& fact, std::string_view prev_hash);

struct DecodedFact {
  Fact fact;
  std::string prev;  ///< hash of the chain's previous fact, empty for seq 1
  std::string hash;  ///< computed from the text
};
/// Hostile input: bounded (64 KiB), typed, hash computed. Errors: `invalid-fact`.
Result<DecodedFact> decode_fact(std::string_view text);

}  // namespace latchkey
