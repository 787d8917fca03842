#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/peer/host.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/ports.h"

namespace boost::asio {
class io_context;
}

namespace latchkey {

class Reactor;

struct PeerConfig {
  std::filesystem::path identity_dir;  ///< state_dir/identity; holds tls.key and peer.json
  std::string node;                    ///< this node's id
  std::string name;                    ///< what people call it
  std::string listen;                  ///< "host:port", port 0 for any; empty: no listener
  std::string advertise;               ///< what an invitation names; empty: the bound address
  std::chrono::milliseconds heartbeat{1000};
  std::chrono::milliseconds silence{3000};     ///< without a frame for so long the link is down
  std::chrono::milliseconds redial_min{200};   ///< first wait before dialling again; doubles
  std::chrono::milliseconds redial_max{5000};  ///< longest wait
  std::chrono::milliseconds handshake{5000};   ///< for TLS, and for a whole pairing
  Duration invitation_life = std::chrono::hours(1);
};

/// What a person carries to the other node.
struct Invitation {
  std::string token;  ///< base64url; secret until used
  Time expires;
};

enum class LinkState { unpaired, connecting, syncing, up };
std::string_view to_string(LinkState state);  ///< `unpaired`, `connecting`, `syncing`, `up`

struct PeerStatus {
  LinkState link = LinkState::unpaired;
  std::string node;  ///< the pinned peer; empty when unpaired
  std::string name;
  std::string address;                     ///< where we dial it; empty: it dials us
  std::string pin;                         ///< SHA-256 of its SubjectPublicKeyInfo, lower-case hex
  std::string listening;                   ///< our bound address; empty: no listener
  std::optional<Error> last_error;         ///< why the link last broke or could not be made
  std::optional<Time> invitation_expires;  ///< an invitation is open until then
};

/// The link to the deployment's other node (DESIGN 5, docs/protocol-peer.md). Reactor thread only.
/// An unpaired node without `listen` has no listener, no timer and no TLS context.
class PeerLink {
 public:
  PeerLink(boost::asio::io_context& io, Reactor& reactor, const Clock& clock, PeerConfig config,
           PeerHost& host);
  ~PeerLink();
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  /// Loads the pinned peer, listens, dials. Errors: `peer-state-broken`, `cannot-listen`,
  /// `cannot-write`.
  Result<void> start();
  /// Breaks the link without a word to the host; after it nothing is called any more.
  void stop();
  /// New facts are durable here: send them now.
  void push();
  /// A heartbeat, now.
  void beat();
  /// To the peer, if the link is up; else it is lost.
  void say(LeaseWord word);

  /// One invitation is open at a time; it is void after use, its expiry, a newer one, or a restart.
  /// Inviting while paired is how a lost node is replaced: the old peer is forgotten when the new
  /// one joins. Errors: `not-listening`, `no-address`.
  Result<Invitation> invite();
  /// Joins the inviter's deployment; `done` runs once, when both sides have pinned each other.
  /// Errors: `token-invalid`, `token-expired`, `token-used`, `token-unknown`, `already-paired`,
  /// `own-invitation`, `join-running`, `peer-unreachable`, `wrong-peer`, `proof-wrong`,
  /// `version-unknown`, `pairing-broken`.
  void join(std::string_view token, std::function<void(Result<void>)> done);

  PeerStatus status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latchkey
