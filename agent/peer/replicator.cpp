#include "agent/peer/replicator.h"

namespace latchkey::peer {
namespace {

using Clock = std::chrono::steady_clock;

Error protocol_error(std::string message) {
  return {"message-unexpected", std::move(message),
          "Check that both nodes run the same version of the agent."};
}

}  // namespace

Replicator::Replicator(ChannelPtr channel, PeerHost& host, Reactor& reactor,
                       ReplicatorConfig config, Events events)
    : channel_(std::move(channel)),
      host_(host),
      config_(std::move(config)),
      events_(std::move(events)),
      beat_(reactor.alarm()),
      silence_(reactor.alarm()),
      heard_(Clock::now()) {}

void Replicator::start() {
  channel_->set_frame_limit(kFrameLimit);
  channel_->set_events({[weak = weak_from_this()](Message message) {
                          if (const auto self = weak.lock()) self->receive(std::move(message));
                        },
                        [weak = weak_from_this()](Error error) {
                          if (const auto self = weak.lock()) self->broken(std::move(error));
                        }});
  channel_->send(Hello{kVersion, config_.node, config_.name, config_.address, host_.own_chain(),
                       host_.heads(), host_.times()});
  beat();
  watch_silence();
}

void Replicator::start_with(Hello hello) {
  const auto self = shared_from_this();
  start();
  receive(std::move(hello));
}

void Replicator::push() {
  const auto self = shared_from_this();
  pump();
}

void Replicator::close() {
  if (closed_) return;
  closed_ = true;
  beat_->cancel();
  silence_->cancel();
  channel_->close();
}

void Replicator::beat() {
  if (closed_) return;
  beat_->set(config_.heartbeat, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->beat_now();
    self->beat();
  });
}

void Replicator::beat_now() {
  if (closed_) return;
  Heartbeat heartbeat{host_.times(), {}};
  if (const auto* leases = host_.leases()) heartbeat.leases = leases->figures();
  channel_->send(heartbeat);
}

void Replicator::say(LeaseWord word) {
  if (!closed_) std::visit([this](auto& m) { channel_->send(std::move(m)); }, word);
}

/// Set to the instant at which the peer would have been silent for too long, not once per frame.
void Replicator::watch_silence() {
  if (closed_) return;
  const auto left = heard_ + config_.silence - Clock::now();
  if (left <= Clock::duration::zero())
    return broken({"peer-silent", "Nothing was heard from the peer for too long.",
                   "Check that the other node runs and the network between the two."});
  silence_->set(std::chrono::ceil<std::chrono::milliseconds>(left), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->watch_silence();
  });
}

void Replicator::receive(Message message) {
  if (closed_) return;
  heard_ = Clock::now();
  if (!greeted_ && !std::holds_alternative<Hello>(message) &&
      !std::holds_alternative<Refusal>(message))
    return refuse(protocol_error("The peer did not greet first."));
  std::visit([this](auto&& m) { on(std::forward<decltype(m)>(m)); }, std::move(message));
}

void Replicator::on(const Hello& message) {
  if (greeted_) return refuse(protocol_error("The peer greeted twice."));
  if (message.version != kVersion)
    return refuse({"version-unknown", "The peer speaks another version of the protocol.",
                   "Run the same version of the agent on both nodes."});
  if (message.node != config_.peer_node)
    return refuse({"wrong-peer", "The other side is not the node that was paired.",
                   "Pair the nodes again with `latchkey peer invite`."});
  greeted_ = true;
  their_chain_ = message.chain;
  // Before any of their facts: those are dated by this time.
  if (message.times) host_.peer_times(*message.times);
  note_heads(message.heads);
  events_.hello(message);
  compare_all();
  pump();
}

void Replicator::on(Facts message) {
  note_heads(message.heads);
  if (taking_in_ || held_) return refuse(protocol_error("The peer did not wait for an answer."));
  // The repair must not find the peer's facts in the middle of its own.
  if (!repaired_chain_.empty())
    held_ = std::move(message);
  else
    take_in(std::move(message));
}

void Replicator::take_in(Facts message) {
  taking_in_ = true;
  host_.receive(std::move(message.batch),
                [weak = weak_from_this(), number = message.number](const Result<void>& result) {
                  if (const auto self = weak.lock()) self->taken_in(number, result);
                });
}

void Replicator::taken_in(std::uint64_t number, const Result<void>& result) {
  if (closed_) return;
  taking_in_ = false;
  if (!result) return refuse(result.error());
  channel_->send(Ack{number, host_.heads()});
  pump();
}

void Replicator::on(const Ack& message) {
  note_heads(message.heads);
  if (message.number != 0) {
    if (!in_flight_ || message.number != sent_)
      return refuse(protocol_error("The peer acknowledged what was not sent."));
    // Sending the same again would never end.
    if (*in_flight_ == message.heads)
      return refuse({"peer-stuck", "The peer took our facts and has none of them.",
                     "Look into the log of the agent on the other node."});
    in_flight_.reset();
  }
  pump();
}

void Replicator::on(const Synced&) {
  heard_synced_ = true;
  check_up();
}

void Replicator::on(const Heartbeat& message) {
  if (message.times) host_.peer_times(*message.times);
  if (auto* leases = host_.leases(); leases != nullptr && message.leases)
    leases->hear(*message.leases);
}

void Replicator::hear(LeaseWord word) {
  if (auto* leases = host_.leases()) leases->hear(std::move(word));
}

void Replicator::on(const Refusal& message) {
  auto error = message.error;
  error.message = "The peer refused: " + error.message;
  broken(std::move(error));
}

template <class Other>
void Replicator::on(const Other&) {
  refuse(protocol_error("The peer sent a message of a pairing on a paired link."));
}

void Replicator::check_up() {
  if (up_ || !said_synced_ || !heard_synced_) return;
  up_ = true;
  events_.up();
}

void Replicator::refuse(Error error) {
  if (closed_) return;
  channel_->send(Refusal{error});
  channel_->finish();
  broken(std::move(error));
}

void Replicator::broken(Error error) {
  if (closed_) return;
  closed_ = true;
  beat_->cancel();
  silence_->cancel();
  channel_->finish();
  events_.broken(std::move(error));
}

}  // namespace latchkey::peer
