#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "load/client.h"
#include "load/tally.h"

namespace latchkey::load {

struct RunSettings {
  std::size_t connections = 1;
  std::size_t outstanding = 1;  ///< at most, on each connection; the time others wait counts
  double rate = 0;      ///< requests a second over all connections; 0: as fast as answers come
  bool hold = false;    ///< connected, wait for the end of standard input before the first request
  double seconds = 2;   ///< that count; a run of Kind::connect may end before
  double warmup = 0.2;  ///< before them
  std::uint32_t consumers = 1;  ///< over all connections
  std::uint32_t first = 0;      ///< number of the first one
};

/// One run over many connections. Closed loop (`rate` 0): an answer makes the next request leave.
/// Open loop: requests leave by a schedule that does not care for answers, and what is late because
/// the server was slow counts from when it should have left, so that a stall costs all whom it
/// would have hit ("coordinated omission" is what forgets them).
class Run {
 public:
  Run(const RunSettings& settings, const Workload& workload, Dialer& dialer);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// False: a connection failed, said on standard error.
  bool carry_out(Tally& tally);

 private:
  using Time = std::uint64_t;  ///< nanoseconds of the monotonic clock
  struct Seat {
    Client client;
    std::size_t number = 0;
    std::uint64_t due = 0;   ///< open loop: requests that should have left
    std::uint64_t sent = 0;  ///< open loop: requests that have
    bool watched = false;    ///< epoll says when it can be written to
  };

  bool is_open_loop() const { return settings_.rate > 0; }
  bool is_alone() const;
  bool connect();
  void hold() const;
  bool watch(Seat& seat, int operation);
  bool start();
  bool turn();
  bool serve(Seat& seat, std::uint32_t events);
  bool receive(Seat& seat);
  void count(const Client& client, const AnswerSplitter::Answer& answer, Time since);
  bool ask(Seat& seat);
  bool flush(Seat& seat);
  bool ask_due();
  Time due_at(std::uint64_t number) const;
  bool over() const;
  void finish();

  RunSettings settings_;
  const Workload& workload_;
  Dialer& dialer_;
  Tally* tally_ = nullptr;
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<char> scratch_;
  int epoll_ = -1;
  std::uint64_t outstanding_ = 0;
  std::uint64_t scheduled_ = 0;  ///< open loop: requests that fell due
  bool exhausted_ = false;       ///< the workload has an end and it is reached
  Time now_ = 0, began_ = 0, counted_from_ = 0, end_ = 0;
};

}  // namespace latchkey::load
