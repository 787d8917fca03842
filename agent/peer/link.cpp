#include "agent/peer/link.h"

#include <algorithm>

#include "agent/peer/link_impl.h"

namespace latchkey {

namespace {
constexpr std::size_t kVisitorsLimit = 8;
}

std::string_view to_string(LinkState state) {
  switch (state) {
    case LinkState::unpaired:
      return "unpaired";
    case LinkState::connecting:
      return "connecting";
    case LinkState::syncing:
      return "syncing";
    case LinkState::up:
      return "up";
  }
  return "";
}

PeerLink::PeerLink(boost::asio::io_context& io, Reactor& reactor, const Clock& clock,
                   PeerConfig config, PeerHost& host)
    : impl_(std::make_unique<Impl>(io, reactor, clock, std::move(config), host)) {}
PeerLink::~PeerLink() { stop(); }
Result<void> PeerLink::start() { return impl_->start(); }
void PeerLink::stop() { impl_->stop(); }
void PeerLink::push() { impl_->push(); }
void PeerLink::beat() { impl_->beat(); }
void PeerLink::say(LeaseWord word) { impl_->say(std::move(word)); }
Result<Invitation> PeerLink::invite() { return impl_->invite(); }
void PeerLink::join(std::string_view token, std::function<void(Result<void>)> done) {
  impl_->join(token, std::move(done));
}
PeerStatus PeerLink::status() const { return impl_->status(); }

PeerLink::Impl::Impl(boost::asio::io_context& io, Reactor& reactor, const Clock& clock,
                     PeerConfig config, PeerHost& host)
    : io_(io),
      reactor_(reactor),
      clock_(clock),
      config_(std::move(config)),
      host_(host),
      redial_(reactor.alarm()),
      backoff_(config_.redial_min) {}

Result<void> PeerLink::Impl::start() {
  LK_TRY(peer_, peer::load_pinned_peer(config_.identity_dir));
  if (!config_.listen.empty()) LK_CHECK(listen());
  if (!peer_) return {};
  LK_CHECK(open_transport());
  dial();
  return {};
}

void PeerLink::Impl::stop() {
  if (session_) session_->close();
  session_.reset();
  redial_->cancel();
  attempt_.reset();
  joiner_.reset();
  join_done_ = nullptr;
  inviter_.reset();
  for (const auto& visitor : visitors_) visitor.channel->close();
  visitors_.clear();
  transport_.reset();
  listening_.clear();
}

void PeerLink::Impl::push() {
  if (session_) session_->push();
}

void PeerLink::Impl::beat() {
  if (session_) session_->beat_now();
}

void PeerLink::Impl::say(LeaseWord word) {
  if (session_ && session_->up()) session_->say(std::move(word));
}

PeerStatus PeerLink::Impl::status() const {
  PeerStatus out;
  out.listening = listening_;
  out.last_error = last_error_;
  if (inviter_) out.invitation_expires = inviter_->open_until();
  if (!peer_) return out;
  out.node = peer_->node;
  out.name = peer_->name;
  out.address = peer_->address;
  out.pin = peer_->pin;
  out.link = !session_        ? LinkState::connecting
             : session_->up() ? LinkState::up
                              : LinkState::syncing;
  return out;
}

Result<void> PeerLink::Impl::open_transport() {
  if (transport_) return {};
  LK_TRY(identity_, peer::TlsIdentity::load_or_create(config_.identity_dir));
  transport_ = std::make_unique<peer::Transport>(io_, reactor_, *identity_, config_.handshake);
  return {};
}

Result<void> PeerLink::Impl::listen() {
  LK_CHECK(open_transport());
  LK_TRY(listening_, transport_->listen(
                         config_.listen, [this](const std::string& pin) { return lets_in(pin); },
                         [this](peer::ChannelPtr channel) { welcome(std::move(channel)); }));
  return {};
}

bool PeerLink::Impl::lets_in(const std::string& pin) const {
  return (peer_ && pin == peer_->pin) || (inviter_ && inviter_->expects_strangers());
}

void PeerLink::Impl::welcome(peer::ChannelPtr channel) {
  if (visitors_.size() == kVisitorsLimit) release(visitors_.front().channel.get())->close();
  if (peer_ && channel->pin() == peer_->pin) channel->set_frame_limit(peer::kFrameLimit);
  const auto* const raw = channel.get();
  channel->set_events(
      {[this, raw](peer::Message message) { first_message(raw, std::move(message)); },
       [this, raw](const Error&) { release(raw); }});
  visitors_.push_back({std::move(channel), reactor_.alarm()});
  visitors_.back().alarm->set(config_.handshake, [this, raw] {
    if (const auto late = release(raw)) late->close();
  });
}

void PeerLink::Impl::first_message(const peer::Channel* channel, peer::Message message) {
  auto visitor = release(channel);
  if (!visitor) return;
  auto* const hello = std::get_if<peer::Hello>(&message);
  const auto* const request = std::get_if<peer::PairRequest>(&message);
  if (hello != nullptr && peer_ && visitor->pin() == peer_->pin)
    accept_session(std::move(visitor), std::move(*hello));
  else if (request != nullptr && inviter_)
    inviter_->serve(std::move(visitor), *request);
  else
    visitor->close();
}

peer::ChannelPtr PeerLink::Impl::release(const peer::Channel* channel) {
  const auto found = std::find_if(visitors_.begin(), visitors_.end(),
                                  [&](const Visitor& v) { return v.channel.get() == channel; });
  if (found == visitors_.end()) return nullptr;
  auto out = std::move(found->channel);
  visitors_.erase(found);
  return out;
}

/// What the other node should dial: empty when we do not listen, ":port" when only it can know our
/// address.
std::string PeerLink::Impl::own_address() const {
  if (listening_.empty()) return {};
  if (!config_.advertise.empty()) return config_.advertise;
  const auto parts = split_address(listening_);
  const bool anywhere = !parts || parts->host == "0.0.0.0" || parts->host == "::";
  return anywhere && parts ? ":" + parts->port : listening_;
}

}  // namespace latchkey
