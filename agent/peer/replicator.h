#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/peer/channel.h"
#include "agent/peer/fork_search.h"
#include "agent/peer/host.h"
#include "agent/reactor/reactor.h"

namespace latchkey::peer {

/// Who speaks on our side, and how patiently.
struct ReplicatorConfig {
  std::string node;
  std::string name;
  std::string address;    ///< as in Hello
  std::string peer_node;  ///< whom we expect
  std::chrono::milliseconds heartbeat;
  std::chrono::milliseconds silence;
};

/// One connection's conversation after it is proven: what each side lacks is sent in batches, one
/// at a time and acknowledged when durable; then what is new, at once. No Asio, no files.
class Replicator : public std::enable_shared_from_this<Replicator> {
 public:
  struct Events {
    std::function<void(const Hello&)> hello;
    std::function<void()> up;           ///< both sides have each other's facts
    std::function<void(Error)> broken;  ///< the channel is closed; the last call
  };

  Replicator(ChannelPtr channel, PeerHost& host, Reactor& reactor, ReplicatorConfig config,
             Events events);

  void start();
  /// As start(), when the peer's greeting was read already.
  void start_with(Hello hello);
  void push();
  /// Says how things stand before the next heartbeat is due.
  void beat_now();
  void say(LeaseWord word);
  bool up() const { return up_; }
  /// Ends without calling anybody.
  void close();

 private:
  void greet();
  void beat();
  void watch_silence();

  void receive(Message message);
  void on(const Hello& message);
  void on(Facts message);
  void on(const Ack& message);
  void on(const Synced& message);
  void on(const Heartbeat& message);
  void on(const Locate& message);
  void on(const Located& message);
  void on(const Refusal& message);
  void on(LeaseClaim message) { hear(message); }
  void on(LeasePart message) { hear(std::move(message)); }
  void on(LeaseAck message) { hear(message); }
  void hear(LeaseWord word);
  template <class Other>
  void on(const Other& message);

  void note_heads(const ChainHeads& theirs);
  void compare_all();
  bool differs(const std::string& chain, const ChainHead& theirs) const;
  void start_repair(const ChainHead& theirs);
  void ask_next();
  void repair_done(const Result<void>& result);

  void take_in(Facts message);
  void taken_in(std::uint64_t number, const Result<void>& result);
  ChainHeads what_they_need() const;
  void pump();
  bool send_batch(const ChainHeads& theirs);
  void say_synced();
  void check_up();
  void refuse(Error error);
  void broken(Error error);

  ChannelPtr channel_;
  PeerHost& host_;
  ReplicatorConfig config_;
  Events events_;
  std::unique_ptr<Alarm> beat_;
  std::unique_ptr<Alarm> silence_;
  std::chrono::steady_clock::time_point heard_;

  bool greeted_ = false;  ///< their Hello came
  std::string their_chain_;
  ChainHeads their_heads_;
  std::set<std::string> forked_;         ///< chains of which nothing can be sent: theirs differs
  std::uint64_t sent_ = 0;               ///< number of our last batch
  std::optional<ChainHeads> in_flight_;  ///< what they had when it was sent
  bool taking_in_ = false;
  std::string repaired_chain_;  ///< our own, while it is being repaired
  std::optional<ForkSearch> search_;
  std::optional<Facts> held_;  ///< a batch that waits for the repair
  bool said_synced_ = false;
  bool heard_synced_ = false;
  bool up_ = false;
  bool closed_ = false;
};

}  // namespace latchkey::peer
