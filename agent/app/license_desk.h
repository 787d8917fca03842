#pragma once

#include <list>
#include <memory>
#include <set>

#include "agent/api/backend.h"
#include "agent/app/license_json.h"
#include "agent/app/license_writer.h"
#include "agent/peer/link.h"
#include "core/license/catalog.h"

namespace latchkey {

/// How long an answer waits: nobody is left without one.
struct InstallPatience {
  std::chrono::milliseconds durable{10'000};
  std::chrono::milliseconds spread{5'000};  ///< then for the other node and the key
};

/// Installs and lists licenses (SPEC LIC-5…8, LIC-10). An installation is durable here before it is
/// acknowledged, and takes effect at once; the answer waits a little to say what has become of it
/// on the other node and on the key. Reactor thread only.
class LicenseDesk {
 public:
  using JsonDone = Backend::JsonDone;
  struct Parts {
    Reactor& reactor;
    const Clock& clock;
    NodeLog& log;
    KeyDesk& keys;
    const PeerLink& link;
    std::shared_ptr<const ReadSettings> settings;
    const Catalog& catalog;  ///< a reload changes its content in place
    std::function<NodeNames()> names;
  };
  /// `self`: this node's id. References outlive the desk.
  LicenseDesk(Parts parts, std::string self, KeyWriter write, InstallPatience patience = {});

  /// One envelope. Errors: check_import()'s (SPEC LIC-5), `store-failed`.
  void install(const net::Caller& caller, const std::string& envelope, JsonDone done);
  nlohmann::json list() const;

  /// The published state is `decision`: withdraws what was revoked since, writes what keys lack,
  /// answers who waits.
  void published(const Decision& decision);
  void peer_has(const ChainHeads& theirs);
  void rescan() { writer_.rescan(); }

 private:
  struct Waiting {
    VerifiedLicense license;
    std::string key_id;
    JsonDone done;
    std::unique_ptr<Alarm> alarm;
    std::optional<ChainHead> head;  ///< of the own chain once durable: what the peer must have
    bool late = false;              ///< answers with what is known
  };
  using Place = std::list<Waiting>::iterator;

  void withdraw_revoked(const Decision& decision);
  void wait(VerifiedLicense license, std::string key_id, JsonDone done);
  void durable(Place waiting);
  void give_up(Place waiting);
  void answer_ready();
  bool peer_has(const Waiting& waiting) const;
  bool settled(const Waiting& waiting, const Decision& decision) const;
  nlohmann::json outcome(const Waiting& waiting, const Decision& decision) const;
  nlohmann::json nodes(const Waiting& waiting, const Decision& decision) const;

  Parts parts_;
  const std::string self_;
  const InstallPatience patience_;
  LicenseWriter writer_;
  ChainHeads theirs_;
  std::shared_ptr<const TrustStore> checked_with_;
  std::set<std::string> checked_;  ///< documents judged by that trust store
  std::list<Waiting> waiting_;
};

}  // namespace latchkey
