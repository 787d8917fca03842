#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/peer/host.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

// What two nodes say to each other: docs/protocol-peer.md has the JSON forms and the order.
namespace latchkey::peer {

inline constexpr std::uint64_t kVersion = 1;
inline constexpr std::size_t kFrameLimit = 4 << 20;          ///< bytes of one JSON message
inline constexpr std::size_t kStrangerFrameLimit = 8 << 10;  ///< before the other side is proven
inline constexpr std::size_t kFactLimit = 64 << 10;          ///< bytes of one fact's text
inline constexpr std::size_t kDocumentLimit = 1 << 20;       ///< bytes of one envelope
inline constexpr std::size_t kFactsPerBatch = 256;
inline constexpr std::size_t kHeadsLimit = 4096;
inline constexpr std::size_t kMembersLimit = 64;
inline constexpr std::size_t kPointsLimit = 64;
inline constexpr std::size_t kLeasePartLimit = 1 << 20;  ///< bytes of either list of leases

struct Hello {
  std::uint64_t version = kVersion;
  std::string node;
  std::string name;
  std::string
      address;        ///< where the sender listens; ":port": at the address it dials from; or empty
  std::string chain;  ///< the chain it writes; empty before its first fact
  ChainHeads heads;
  std::optional<NodeTimes> times{};  ///< the sender's; an earlier version says none
};
/// Facts and documents; the documents' and facts' hashes are computed by the receiver.
struct Facts {
  std::uint64_t number = 0;  ///< from 1, counts the sender's batches on this connection
  ChainHeads heads;          ///< the sender's
  Batch batch;
};
/// Batch `number` is durable. 0: no batch's answer, the sender's heads changed by a repair.
struct Ack {
  std::uint64_t number = 0;
  ChainHeads heads;
};
/// You acknowledged everything I have.
struct Synced {};
struct Heartbeat {
  std::optional<NodeTimes> times{};  ///< as in Hello
  std::optional<LeaseFigures> leases{};
};
/// Which of these points of `chain` do you have? Ascending.
struct Locate {
  std::string chain;
  std::vector<ChainHead> points;
};
/// The last of those points that we share, 0 for none.
struct Located {
  std::string chain;
  std::uint64_t seq = 0;
};
/// The last message before the sender closes.
struct Refusal {
  Error error;
};

struct PairRequest {
  std::uint64_t version = kVersion;
  std::string invitation;  ///< which token: proof.h
  std::string node;
  std::string name;
  std::string address;  ///< as in Hello
  std::string nonce;    ///< 64 hex digits
};
struct PairChallenge {
  std::string nonce;
};
struct PairProof {
  std::string proof;
};
struct PairGrant {
  std::string proof;
  std::string node;
  std::string name;
  Membership membership;
};

using Message =
    std::variant<Hello, Facts, Ack, Synced, Heartbeat, Locate, Located, Refusal, LeaseClaim,
                 LeasePart, LeaseAck, PairRequest, PairChallenge, PairProof, PairGrant>;

/// JSON text, not yet framed. May exceed kFrameLimit for Facts: the sender then sends fewer.
std::string encode(const Message& message);

/// Hostile input: bounded, typed, every identifier checked. Error: `message-invalid`.
Result<Message> decode(std::string_view text);

}  // namespace latchkey::peer
