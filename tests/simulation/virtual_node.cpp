#include "tests/simulation/virtual_node.h"

#include <utility>

#include "core/deployment/due_stamps.h"
#include "tests/simulation/virtual_node_life.h"

namespace latchkey::simulation {
namespace {

/// Longer than a run: the virtual wire says itself when it is cut.
constexpr std::chrono::hours kNever{24 * 365 * 50};

}  // namespace

VirtualNode::VirtualNode(char letter, const Vendor& vendor, std::mt19937& random)
    : id_(32, letter), vendor_(vendor), random_(random) {
  disk.replace({fresh_chain(), {}, {}});
}

VirtualNode::~VirtualNode() { crash(false); }

bool VirtualNode::fill(std::span<std::uint8_t> out) {
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random_());
  return true;
}

std::string VirtualNode::fresh_chain() {
  return new_chain_id([this](auto out) { return fill(out); }).value();
}

ClockReading VirtualNode::read_clocks() const {
  const Time now = life_ ? life_->reactor.now() : started_;
  return {now + clock_error, now - booted_, format_time(booted_)};
}

Time VirtualNode::license_time() const { return life_->clock.now(); }
void VirtualNode::hear(const VirtualNode& peer) {
  life_->clock.hear_peer(peer.life_->clock.times());
}
void VirtualNode::keep_clock() {
  disk.keep_clock(life_->clock.memory(), [](const auto&) {});
}
NodeLog& VirtualNode::log() const { return life_->log; }

void VirtualNode::start(Time now, bool booted) {
  started_ = now;
  if (booted) booted_ = now;
  life_ = std::make_unique<Life>(*this, now);
  log().witness([](Witness& w, Time at) { w.start(at, "1"); });
  log().witness([this](Witness& w, Time at) { w.node_factors(at, {kDeployment, factors(), {}}); });
  std::vector<std::string> present;
  for (const auto& [port, key] : ports_) present.push_back(port);
  log().witness([&](Witness& w, Time at) { w.enumerated(at, present); });
  for (const auto& port : present) read(port);
}

void VirtualNode::stop() {
  log().witness([](Witness& w, Time now) { w.stop(now); });
  while (work()) continue;
  crash(false);
}

void VirtualNode::crash(bool written) {
  if (life_) keep_clock();
  disk.lose_power(written);
  life_.reset();
}

void VirtualNode::plug(const std::string& port, VirtualKey& key) {
  ports_[port] = &key;
  if (life_) read(port);
}

void VirtualNode::pull(const std::string& port) {
  ports_.erase(port);
  if (life_) log().witness([&](Witness& w, Time now) { w.key_gone(now, port); });
}

void VirtualNode::read(const std::string& port) {
  const auto& key = *ports_.at(port);
  auto reading = key.read();
  std::vector<Document> documents;
  if (reading.license) documents.push_back({key.license->hash, key.license->envelope});
  log().witness([&](Witness& w, Time now) { w.key_read(now, port, "hidkey", std::move(reading)); },
                std::move(documents));
}

VirtualKey* VirtualNode::roomy_key(const PluggedKey& plugged) const {
  const auto found = ports_.find(plugged.port);
  if (plugged.node != id_ || found == ports_.end()) return nullptr;
  auto* key = found->second;
  return key->roomy && !key->silent && key->id == plugged.reading.key_id ? key : nullptr;
}

void VirtualNode::tend_keys() {
  if (!log().durable()) return;
  const auto decision = decide();
  life_->clock.believe_licenses(decision, id_);
  mind_trust(decision);
  for (const auto& due : due_stamps(log().view(), decision, id_))
    if (auto* key = roomy_key(due.key)) key->stamp = due.stamp;
  for (const auto& plugged : decision.keys) {
    auto* key = roomy_key(plugged);
    if (key == nullptr || plugged.holding.to_write.empty()) continue;
    if (const auto* envelope = log().facts().document(plugged.holding.to_write))
      key->license = vendor_.read(*envelope);
    read(plugged.port);
  }
}

void VirtualNode::connect(peer::ChannelPtr channel, const std::string& peer) {
  auto& life = *life_;
  const auto broken = [&life, peer](const Error&) {
    const bool was_up = std::exchange(life.session, nullptr)->up();
    if (was_up) life.host.peer_down(peer);
  };
  life.session = std::make_shared<peer::Replicator>(
      std::move(channel), life.host, life.reactor,
      peer::ReplicatorConfig{id_, name(), "", peer, kNever, kNever},
      peer::Replicator::Events{[](const peer::Hello&) {},
                               [&life, peer] { life.host.peer_up(peer); }, broken});
  life.session->start();
}

bool VirtualNode::linked() const { return life_ && life_->session && life_->session->up(); }

void VirtualNode::changed() {
  if (!life_ || !life_->session) return;
  const auto known = log().facts().entries().size();
  if (std::exchange(life_->pushed, known) != known) life_->session->push();
}

bool VirtualNode::work() { return life_ && (life_->reactor.run_posted() || disk.flush()); }

std::optional<Time> VirtualNode::next_alarm() const {
  return life_ ? life_->reactor.next_alarm() : std::nullopt;
}

void VirtualNode::advance(Time to) {
  if (life_) life_->reactor.advance(to);
}

}  // namespace latchkey::simulation
