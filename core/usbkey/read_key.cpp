#include "core/usbkey/read_key.h"

#include <array>

#include "core/base/deployment_id.h"
#include "core/usbkey/key_id.h"
#include "core/usbkey/proof.h"
#include "core/usbkey/stamp.h"

namespace latchkey {
namespace {

/// Why a reading ends early.
struct Stop {
  std::optional<KeyFault> fault;  ///< none: there is no key to read, `error` says why
  KeyError error;
};

template <class T>
using Step = tl::expected<T, Stop>;

tl::unexpected<Stop> stop(KeyFault fault, std::string detail) {
  return tl::make_unexpected(Stop{fault, {KeyError::Kind::protocol, std::move(detail)}});
}

std::optional<KeyFault> fault_of(KeyError::Kind kind) {
  switch (kind) {
    case KeyError::Kind::gone:
    case KeyError::Kind::not_a_key:
      return std::nullopt;
    case KeyError::Kind::no_permission:
      return KeyFault::no_permission;
    case KeyError::Kind::busy:
      return KeyFault::busy;
    case KeyError::Kind::timeout:
    case KeyError::Kind::protocol:
    case KeyError::Kind::unprovisioned:  // of a license only: see read_license()
    case KeyError::Kind::refused:
      break;
  }
  return KeyFault::unreadable;
}

tl::unexpected<Stop> stop(const KeyError& error, std::string_view doing) {
  const auto fault = fault_of(error.kind);
  if (!fault) return tl::make_unexpected(Stop{fault, error});
  return tl::make_unexpected(Stop{fault, {error.kind, std::string(doing) + ": " + error.detail}});
}

class Reader {
 public:
  Reader(Key& key, const ReadContext& context) : key_(key), context_(context) {}

  Step<void> read() {
    LK_TRY(const auto public_key, prove());
    result_.reading.key_id = key_id(public_key.der());
    // Also of a key that carries no license: an installed one must not make up for it (SPEC SEC-5).
    if (context_.trust.revokes_key_id(result_.reading.key_id))
      return stop(KeyFault::license_invalid,
                  "revoked: the key " + result_.reading.key_id + " was revoked");
    LK_TRY(auto envelope, read_license());
    LK_CHECK(judge(envelope));
    LK_CHECK(read_stamp());
    result_.envelope = std::move(envelope);
    return {};
  }

  /// What was learned; `stop` says why no more.
  ReadResult finish(const Step<void>& outcome) {
    if (!outcome) {
      result_.reading.fault = outcome.error().fault;
      result_.reading.detail = outcome.error().error.detail;
      result_.reading.license.reset();
    }
    return std::move(result_);
  }

 private:
  Step<PublicKey> prove() {
    const auto spki = key_.public_key(context_.deadline());
    if (!spki) return stop(spki.error(), "public key");
    auto public_key = PublicKey::from_der(*spki);
    if (!public_key) return stop(KeyFault::unreadable, public_key.error().message);
    std::array<std::uint8_t, kNonceSize> nonce{};
    if (!context_.random(nonce))
      return stop(KeyFault::unreadable, "no random numbers for a challenge");
    const auto challenge = proof_challenge(deployment_id(context_.deployment_key), nonce);
    const auto signature = key_.prove(challenge, context_.deadline());
    if (!signature && signature.error().kind == KeyError::Kind::refused)
      return stop(KeyFault::not_genuine, "refused to prove itself: " + signature.error().detail);
    if (!signature) return stop(signature.error(), "proof");
    if (!public_key->verify_digest(challenge, *signature))
      return stop(KeyFault::not_genuine, "wrong signature; claims to be " + key_id(*spki));
    return *std::move(public_key);
  }

  Step<Bytes> read_license() {
    auto envelope = key_.read_license(context_.deadline());
    if (envelope) return *std::move(envelope);
    if (envelope.error().kind == KeyError::Kind::unprovisioned)
      return stop(KeyFault::unprovisioned, envelope.error().detail);
    return stop(envelope.error(), "license");
  }

  Step<void> judge(const Bytes& envelope) {
    const auto& id = result_.reading.key_id;
    const auto license = context_.trust.verify_license(envelope);
    if (!license)
      return stop(KeyFault::license_invalid, license.error().code + ": " + license.error().message);
    const auto& document = license->document;
    const auto* binding = std::get_if<KeyBinding>(&document.binding);
    if (binding == nullptr)
      return stop(KeyFault::wrong_key_id, "the license is bound to a deployment, not to a key");
    if (binding->key_id != id)
      return stop(KeyFault::wrong_key_id, "the license is bound to " + binding->key_id);
    if (document.minimum_assurance > context_.assurance)
      return stop(KeyFault::license_invalid, "the license asks for an attested key");
    result_.reading.license = summarise(document, license->hash);
    return {};
  }

  /// A stamp that cannot be had or believed is none: it only ever adds to what the nodes know.
  Step<void> read_stamp() {
    const auto bytes = key_.read_stamp(context_.deadline());
    if (!bytes && !fault_of(bytes.error().kind)) return stop(bytes.error(), "stamp");
    if (!bytes && bytes.error().kind != KeyError::Kind::refused)
      result_.reading.detail = "stamp: " + bytes.error().detail;
    if (!bytes || bytes->empty()) return {};
    const auto stamp = verify_stamp(*bytes, result_.reading.key_id, context_.deployment_key);
    if (stamp)
      result_.reading.stamp = *stamp;
    else
      result_.reading.detail = "stamp: " + stamp.error().code + ": " + stamp.error().message;
    return {};
  }

  Key& key_;
  const ReadContext& context_;
  ReadResult result_;
};

}  // namespace

KeyResult<ReadResult> read_key(Key& key, const ReadContext& context) {
  Reader reader(key, context);
  const auto outcome = reader.read();
  if (!outcome && !outcome.error().fault) return tl::make_unexpected(outcome.error().error);
  return reader.finish(outcome);
}

std::optional<KeyReading> failed_reading(const KeyError& error) {
  const auto fault = fault_of(error.kind);
  if (!fault) return std::nullopt;
  KeyReading out;
  out.fault = fault;
  out.detail = "open: " + error.detail;
  return out;
}

}  // namespace latchkey
