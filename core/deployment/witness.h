#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/deployment/fact.h"
#include "core/deployment/fold.h"

namespace latchkey {

struct WitnessConfig {
  std::string node;   ///< this node's id
  std::string chain;  ///< the chain it writes
  Duration settle = std::chrono::seconds(3);
  Duration peer_hold = std::chrono::seconds(30);
};

/// One node's memory: turns what the node sees into facts, takes in the peer's, and answers what
/// they mean. The agent, latchkey-play and the simulation run this same class. No I/O, no clock, no
/// thread: the caller passes the time in and stores `take_new()` before it acts on it.
class Witness {
 public:
  explicit Witness(WitnessConfig config);

  /// Facts that a store or the peer already holds; any order, duplicates are dropped.
  void merge(std::vector<Fact> facts);

  void start(Time now, std::string version);
  void stop(Time now);
  /// After the first enumeration: every port the facts still believe in but that is not there was
  /// pulled while down.
  void enumerated(Time now, const std::vector<std::string>& present_ports);
  /// A reading that says what the facts already say adds none.
  void key_read(Time now, std::string port, std::string driver, KeyReading reading);
  void key_gone(Time now, const std::string& port);
  void peer_joined(Time now, std::string peer, std::string replaces);
  void found_deployment(Time now);
  void warn(Time now, std::string code, std::string detail);

  /// The link is up and the peer's facts have been merged / the link just broke.
  void peer_up(Time now);
  void peer_down(Time now);
  /// Writes what is due by now (PeerLost at the end of the hold).
  void tick(Time now);
  /// When tick() wants to run next.
  std::optional<Time> next_tick() const;

  /// New facts of this node since the last call, in order.
  std::vector<Fact> take_new();
  const std::vector<Fact>& facts() const { return facts_; }
  Decision decide(Time now) const;

 private:
  void add(Time now, FactBody body);

  WitnessConfig config_;
  std::vector<Fact> facts_;  ///< in canonical order
  std::vector<Fact> fresh_;
  std::string peer_;
  std::optional<Time> silent_since_;
  std::uint64_t next_seq_ = 1;
  Time floor_{};
};

}  // namespace latchkey
