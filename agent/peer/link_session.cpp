#include <algorithm>

#include "agent/peer/link_impl.h"

namespace latchkey {

using peer::ChannelPtr;
using peer::Hello;
using peer::Replicator;

void PeerLink::Impl::dial_after(std::chrono::milliseconds wait) {
  if (peer_ && !peer_->address.empty()) redial_->set(wait, [this] { dial(); });
}

void PeerLink::Impl::dial() {
  if (!peer_ || peer_->address.empty() || session_ || attempt_) return;
  attempt_ = transport_->dial(peer_->address, peer_->pin,
                              [this](Result<ChannelPtr> result) { dialled(std::move(result)); });
}

void PeerLink::Impl::dialled(Result<ChannelPtr> result) {
  attempt_.reset();
  if (result && !stays(true)) return (*result)->close();
  if (result) return new_session(*result, true)->start();
  last_error_ = result.error();
  dial_after(backoff_);
  backoff_ = std::min(2 * backoff_, config_.redial_max);
}

/// Both nodes dial, so two connections can meet. Both ends keep the one that the smaller node id
/// made; of two by the same node the newer, for a node dials again only when it lost the older.
bool PeerLink::Impl::stays(bool ours) const {
  if (!session_ || session_ours_ == ours) return true;
  const bool smaller_made_it = ours == (config_.node < peer_->node);
  return smaller_made_it;
}

std::shared_ptr<Replicator> PeerLink::Impl::new_session(ChannelPtr channel, bool ours) {
  drop_session();
  redial_->cancel();
  const auto remote_host = channel->remote_host();
  session_ = std::make_shared<Replicator>(
      std::move(channel), host_, reactor_,
      peer::ReplicatorConfig{config_.node, config_.name, own_address(), peer_->node,
                             config_.heartbeat, config_.silence},
      Replicator::Events{[this, remote_host](const Hello& hello) { greeted(hello, remote_host); },
                         [this] { session_up(); },
                         [this](Error error) { session_broken(std::move(error)); }});
  session_ours_ = ours;
  return session_;
}

void PeerLink::Impl::accept_session(ChannelPtr channel, Hello hello) {
  if (!stays(false)) return channel->close();
  // Their connection wins, whatever becomes of ours.
  if (peer_->node < config_.node) attempt_.reset();
  new_session(std::move(channel), false)->start_with(std::move(hello));
}

/// The peer may have been renamed or moved.
void PeerLink::Impl::greeted(const Hello& hello, const std::string& remote_host) {
  auto seen = *peer_;
  seen.name = hello.name;
  if (!hello.address.empty())
    seen.address = hello.address.starts_with(':')
                       ? join_address(remote_host, hello.address.substr(1))
                       : hello.address;
  if (seen == *peer_) return;
  peer_ = seen;
  if (const auto saved = peer::save_pinned_peer(config_.identity_dir, seen); !saved)
    last_error_ = saved.error();
}

void PeerLink::Impl::session_up() {
  backoff_ = config_.redial_min;
  last_error_.reset();
  host_.peer_up(peer_->node);
}

void PeerLink::Impl::session_broken(Error error) {
  const bool was_up = session_->up();
  session_.reset();
  last_error_ = std::move(error);
  dial_after(backoff_);
  backoff_ = std::min(2 * backoff_, config_.redial_max);
  if (was_up) host_.peer_down(peer_->node);
}

void PeerLink::Impl::drop_session() {
  if (!session_) return;
  const auto old = std::exchange(session_, nullptr);
  old->close();
  if (old->up()) host_.peer_down(peer_->node);
}

}  // namespace latchkey
