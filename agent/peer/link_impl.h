#pragma once

#include <list>

#include "agent/peer/inviter.h"
#include "agent/peer/joiner.h"
#include "agent/peer/link.h"
#include "agent/peer/pinned_peer.h"
#include "agent/peer/replicator.h"
#include "agent/peer/tls_identity.h"
#include "agent/peer/transport.h"
#include "agent/reactor/reactor.h"

namespace latchkey {

/// Listens, dials, decides which of two connections stays, and hands each to a Replicator or a
/// pairing.
class PeerLink::Impl {
 public:
  Impl(boost::asio::io_context& io, Reactor& reactor, const Clock& clock, PeerConfig config,
       PeerHost& host);

  Result<void> start();
  void stop();
  void push();
  void beat();
  void say(LeaseWord word);
  Result<Invitation> invite();
  void join(std::string_view token, std::function<void(Result<void>)> done);
  PeerStatus status() const;

 private:
  /// A channel whose far end has not said yet what it wants.
  struct Visitor {
    peer::ChannelPtr channel;
    std::unique_ptr<Alarm> alarm;
  };
  using JoinDone = std::function<void(Result<void>)>;

  // link.cpp
  Result<void> open_transport();
  Result<void> listen();
  bool lets_in(const std::string& pin) const;
  void welcome(peer::ChannelPtr channel);
  void first_message(const peer::Channel* channel, peer::Message message);
  peer::ChannelPtr release(const peer::Channel* channel);
  std::string own_address() const;

  // link_session.cpp
  void dial_after(std::chrono::milliseconds wait);
  void dial();
  void dialled(Result<peer::ChannelPtr> result);
  bool stays(bool ours) const;
  std::shared_ptr<peer::Replicator> new_session(peer::ChannelPtr channel, bool ours);
  void accept_session(peer::ChannelPtr channel, peer::Hello hello);
  void greeted(const peer::Hello& hello, const std::string& remote_host);
  void session_up();
  void session_broken(Error error);
  void drop_session();

  // link_pairing.cpp
  Result<void> may_join(const peer::Token& token) const;
  Result<Membership> admit(const peer::PinnedPeer& guest);
  void granted(Result<peer::Joiner::Grant> grant);
  void adopted(const peer::PinnedPeer& inviter, const Result<void>& result);
  void end_join(Result<void> result);

  boost::asio::io_context& io_;
  Reactor& reactor_;
  const Clock& clock_;
  PeerConfig config_;
  PeerHost& host_;

  std::optional<peer::TlsIdentity> identity_;
  std::unique_ptr<peer::Transport> transport_;
  std::string listening_;
  std::list<Visitor> visitors_;

  std::optional<peer::PinnedPeer> peer_;
  std::shared_ptr<peer::Replicator> session_;
  bool session_ours_ = false;  ///< we dialled it
  std::unique_ptr<peer::Transport::Attempt> attempt_;
  std::unique_ptr<Alarm> redial_;
  std::chrono::milliseconds backoff_;
  std::optional<Error> last_error_;

  std::unique_ptr<peer::Inviter> inviter_;
  std::unique_ptr<peer::Joiner> joiner_;
  JoinDone join_done_;
  std::shared_ptr<Impl*> self_ = std::make_shared<Impl*>(this);  ///< tells a late host answer
};

}  // namespace latchkey
