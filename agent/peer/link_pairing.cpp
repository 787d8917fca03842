#include <utility>

#include "agent/peer/link_impl.h"

namespace latchkey {

using peer::Joiner;
using peer::PinnedPeer;
using peer::Token;

Result<Invitation> PeerLink::Impl::invite() {
  if (listening_.empty())
    return fail(
        "not-listening", "This node does not listen for a peer.",
        "Set peer.listen in the configuration, as \"0.0.0.0:8202\", and restart the agent.");
  const auto address = own_address();
  if (address.starts_with(':'))
    return fail("no-address", "An invitation must name this node's address.",
                "Set peer.advertise in the configuration, as \"10.0.0.1:8202\", and restart.");
  if (!inviter_)
    inviter_ = std::make_unique<peer::Inviter>(
        peer::Inviter::Self{config_.node, config_.name, identity_->pin()}, clock_, reactor_,
        config_.handshake, [this](const PinnedPeer& guest) { return admit(guest); });
  return inviter_->open(address, host_.membership().deployment, config_.invitation_life);
}

/// Ours first: a guest that fails after this is not paired and can be invited again, while one that
/// is paired with a node that does not know it would have no way out.
Result<Membership> PeerLink::Impl::admit(const PinnedPeer& guest) {
  LK_CHECK(peer::save_pinned_peer(config_.identity_dir, guest));
  drop_session();
  attempt_.reset();
  const auto replaces = peer_ && peer_->node != guest.node ? peer_->node : std::string();
  peer_ = guest;
  last_error_.reset();
  backoff_ = config_.redial_min;
  host_.paired({guest.node, guest.name, replaces, true});
  dial_after(backoff_);
  return host_.membership();
}

Result<void> PeerLink::Impl::may_join(const Token& token) const {
  if (token.pin == identity_->pin())
    return fail("own-invitation", "This node made the invitation itself.",
                "Run `latchkey peer join` on the other node.");
  if (peer_ && peer_->pin == token.pin)
    return fail("already-paired", "This node is paired with " + peer_->name + " already.",
                "Nothing is to be done.");
  if (peer_)
    return fail("already-paired", "This node is a member of a deployment with " + peer_->name + ".",
                "To leave it for good, stop the agent, delete identity/peer.json in its state "
                "directory and start it.");
  if (joiner_ || join_done_)
    return fail("join-running", "This node is joining already.", "Wait a moment and look again.");
  return {};
}

void PeerLink::Impl::join(std::string_view text, JoinDone done) {
  const auto token = peer::decode_token(text);
  if (!token) return done(tl::make_unexpected(token.error()));
  if (const auto ok = open_transport(); !ok) return done(ok);
  if (const auto ok = may_join(*token); !ok) return done(ok);
  join_done_ = std::move(done);
  joiner_ = std::make_unique<Joiner>(
      *transport_, reactor_,
      Joiner::Self{config_.node, config_.name, own_address(), identity_->pin()}, *token,
      [this](Result<Joiner::Grant> grant) { granted(std::move(grant)); });
  joiner_->start(config_.handshake);
}

void PeerLink::Impl::granted(Result<Joiner::Grant> grant) {
  joiner_.reset();
  if (!grant) return end_join(tl::make_unexpected(grant.error()));
  host_.adopt(std::move(grant->membership),
              [this, alive = std::weak_ptr<Impl*>(self_),
               inviter = std::move(grant->inviter)](const Result<void>& result) {
                if (!alive.expired()) adopted(inviter, result);
              });
}

void PeerLink::Impl::adopted(const PinnedPeer& inviter, const Result<void>& result) {
  if (!join_done_) return;
  if (!result) return end_join(result);
  if (const auto saved = peer::save_pinned_peer(config_.identity_dir, inviter); !saved)
    return end_join(saved);
  peer_ = inviter;
  last_error_.reset();
  backoff_ = config_.redial_min;
  host_.paired({inviter.node, inviter.name, {}, false});
  end_join({});
  dial();
}

void PeerLink::Impl::end_join(Result<void> result) {
  if (const auto done = std::exchange(join_done_, nullptr)) done(std::move(result));
}

}  // namespace latchkey
