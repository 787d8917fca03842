#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include "agent/keys/key_worker.h"
#include "core/license/trust_store.h"
#include "core/usbkey/provision.h"

namespace latchkey {

/// Whom to believe and for which deployment keys must prove themselves; changed by a reload or by
/// pairing while workers read. Any thread.
class ReadSettings {
 public:
  ReadSettings(TrustStore trust, PublicKey deployment_key)
      : trust_(std::make_shared<const TrustStore>(std::move(trust))),
        deployment_key_(std::move(deployment_key)) {}

  void set_trust(TrustStore trust) {
    auto fresh = std::make_shared<const TrustStore>(std::move(trust));
    const std::lock_guard lock(mutex_);
    trust_ = std::move(fresh);
  }
  void set_deployment_key(PublicKey key) {
    const std::lock_guard lock(mutex_);
    deployment_key_ = std::move(key);
  }
  std::pair<std::shared_ptr<const TrustStore>, PublicKey> get() const {
    const std::lock_guard lock(mutex_);
    return {trust_, deployment_key_};
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const TrustStore> trust_;
  PublicKey deployment_key_;
};

namespace detail {
template <class Use>
auto with_context(const ReadSettings& settings, std::chrono::milliseconds call_deadline, Use use) {
  const auto [trust, deployment_key] = settings.get();
  const auto deadline = [call_deadline] {
    return std::chrono::steady_clock::now() + call_deadline;
  };
  return use(ReadContext{*trust, deployment_key, system_random, deadline});
}
}  // namespace detail

/// Reads with the settings of the moment; each driver call ends within `call_deadline`.
inline KeyReader make_reader(std::shared_ptr<const ReadSettings> settings,
                             std::chrono::milliseconds call_deadline) {
  return [settings = std::move(settings), call_deadline](Key& key) {
    return detail::with_context(*settings, call_deadline,
                                [&](const ReadContext& context) { return read_key(key, context); });
  };
}

/// Writes a license to a key (core/usbkey/provision.h), on the key's worker thread.
using KeyWriter = std::function<Result<KeyReading>(Key&, ByteView envelope)>;

inline KeyWriter make_writer(std::shared_ptr<const ReadSettings> settings,
                             std::chrono::milliseconds call_deadline) {
  return [settings = std::move(settings), call_deadline](Key& key, ByteView envelope) {
    return detail::with_context(*settings, call_deadline, [&](const ReadContext& context) {
      return provision(key, envelope, context);
    });
  };
}

}  // namespace latchkey
