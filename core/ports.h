#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/time.h"

// The few interfaces that the shell (agent, drivers, tests) implements for the core.
namespace latchkey {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

/// Where a recognised device stands. Values come from udev or from the emulated port.
struct DeviceRef {
  std::string port;  ///< unique on its node per insertion, e.g. "3-1.2:7" (USB path, device number)
  std::string node;  ///< what the driver opens: "/dev/hidraw3", "/dev/bus/usb/001/007", or
                     ///< "SOCKET#NAME" of an emulated port
  std::string driver;  ///< "hidkey", "piv"
  bool emulated = false;
  bool operator==(const DeviceRef&) const = default;
};

using Deadline = std::chrono::steady_clock::time_point;

/// Why a driver call failed. Each maps to one SPEC KEY-3 reason, but two to none: `gone`
/// (unplugged) and `not_a_key` (a reader without a card, a card that is no license key: nothing to
/// count).
struct KeyError {
  enum class Kind {
    gone,
    not_a_key,
    timeout,
    protocol,
    no_permission,
    busy,
    unprovisioned,
    refused
  };
  Kind kind = Kind::protocol;
  std::string detail;
};

template <class T>
using KeyResult = tl::expected<T, KeyError>;

/// One opened key. Blocking calls for the key's own worker thread; each ends by its deadline, with
/// `gone` when the key was pulled, with `timeout` when it stayed silent. After any error the next
/// call starts clean.
class Key {
 public:
  virtual ~Key() = default;
  virtual KeyResult<Bytes> public_key(
      Deadline deadline) = 0;  ///< SubjectPublicKeyInfo, DER (RFC 5280 4.1)
  /// Signs the 32-byte challenge: Ed25519 over it, or ECDSA (P-256, P-384) with it as the digest
  /// (DER signature).
  virtual KeyResult<Bytes> prove(ByteView challenge, Deadline deadline) = 0;
  /// The license envelope of the winning slot; `unprovisioned` when there is none.
  virtual KeyResult<Bytes> read_license(Deadline deadline) = 0;
  /// Writes the other slot, reads it back, commits: the old license stays until the new one is
  /// whole.
  virtual KeyResult<void> write_license(ByteView envelope, Deadline deadline) = 0;
  virtual KeyResult<Bytes> read_stamp(Deadline deadline) = 0;  ///< empty when never written
  virtual KeyResult<void> write_stamp(ByteView stamp, Deadline deadline) = 0;
  /// Whether the key still is where it was opened, at little cost, for the periodic rescan: `gone`
  /// when not. By default USB alone tells; a card can leave its reader without a USB event.
  virtual KeyResult<void> check_present(Deadline) { return {}; }
  /// From any thread: makes the running and every later call end at once with `gone`.
  virtual void cancel() noexcept = 0;
};

class KeyDriver {
 public:
  virtual ~KeyDriver() = default;
  virtual std::string_view name() const = 0;
  virtual KeyResult<std::unique_ptr<Key>> open(const DeviceRef& device) = 0;
};

/// A fact as it is stored, sent and hashed: the exact text, never re-serialised.
struct EncodedFact {
  std::string text;  ///< canonical JSON of core/deployment/fact.h, with `prev`, the previous hash
                     ///< of its chain
  std::string hash;  ///< lower-case hex SHA-256 of text
};

struct Document {
  std::string hash;  ///< content hash of envelope
  Bytes envelope;
};

/// One durable transaction: all of it or nothing (SPEC LIC-7, REC-2).
struct Batch {
  std::vector<EncodedFact> facts;
  std::vector<Document> documents;
  bool empty() const { return facts.empty() && documents.empty(); }
};

class Store {
 public:
  virtual ~Store() = default;
  /// `done` runs on the caller's reactor after the batch is durable, or with the error. In call
  /// order.
  virtual void append(Batch batch, std::function<void(Result<void>)> done) = 0;
};

}  // namespace latchkey
