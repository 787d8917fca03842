#pragma once

#include <deque>
#include <string>

#include "core/license/trust_store.h"

namespace latchkey {

/// Trust built from bundles in the order in which they became known here (SPEC SEC-5): the
/// configured one, then those that administrators installed on any node. What has been accepted
/// stays: a bundle that turns up later with an older version changes nothing, whatever root signed
/// it, so that a retired root cannot rewrite the past (docs/decisions/0011). A bundle
/// that no present root signed waits for the one that names its root. A value.
class TrustChain {
 public:
  /// More wait only when somebody floods: then the oldest one is forgotten.
  static constexpr std::size_t kMaxWaiting = 16;

  explicit TrustChain(RootSet roots) : trust_(std::move(roots)) {}

  /// Takes the bundle in if TrustStore::accept() does now, else says why not. One that it calls
  /// `untrusted-signer` is tried again after each bundle that is accepted.
  Result<void> offer(ByteView envelope);

  /// Whether this one waits for the bundle that names its root.
  bool awaits(ByteView envelope) const;

  const TrustStore& trust() const { return trust_; }
  /// Content hash of the envelope in force; empty: none.
  const std::string& in_force() const { return in_force_; }

 private:
  Result<void> accept(ByteView envelope);
  void retry();

  TrustStore trust_;
  std::string in_force_;
  std::deque<Bytes> waiting_;
};

}  // namespace latchkey
