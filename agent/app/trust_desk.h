#pragma once

#include <list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/api/backend.h"
#include "agent/app/node_log.h"
#include "agent/app/read_settings.h"
#include "agent/app/records.h"
#include "agent/app/trust_files.h"

namespace latchkey {

/// Whom this node believes, and how that changes while it runs (SPEC SEC-5): by a reload, by an
/// administrator's bundle, by one that an administrator installed on the other node. Reactor thread
/// only.
class TrustDesk {
 public:
  using JsonDone = Backend::JsonDone;
  struct Parts {
    Reactor& reactor;
    const Clock& clock;
    NodeLog& log;
    std::shared_ptr<ReadSettings> settings;
    std::function<NodeNames()> names;
    std::function<void()> changed;  ///< another bundle is in force: keys are to be read again
  };
  /// `chain` is what `configured` and the facts of the log come to. References outlive the desk.
  TrustDesk(Parts parts, ConfiguredTrust configured, TrustChain chain);

  /// One bundle's envelope; answers when it is durable here and in force. Errors: those of
  /// TrustStore::accept(), `store-failed`. A refusal becomes a record (SPEC REC-1).
  void install(const net::Caller& caller, const std::string& envelope, JsonDone done);
  /// Body of GET /v1/trust.
  nlohmann::json show() const;

  /// Takes in the bundles that became durable since the last look, whoever installed them.
  void look();
  /// A reload. On error nothing changes; errors as open_trust().
  Result<void> configure(ConfiguredTrust configured);

 private:
  struct Waiting {
    JsonDone done;
    std::unique_ptr<Alarm> alarm;
  };

  void refuse(const net::Caller& caller, const std::string& batch, const Error& error,
              const JsonDone& done);
  bool on_its_way(const std::string& document) const;
  void wait_until_durable(JsonDone done);
  void take_effect();
  nlohmann::json origin() const;

  Parts parts_;
  ConfiguredTrust configured_;
  TrustChain chain_;
  std::uint64_t seen_ = 0;  ///< position of the newest fact that was looked at
  std::list<Waiting> waiting_;
};

}  // namespace latchkey
