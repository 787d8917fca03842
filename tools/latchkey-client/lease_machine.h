#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/latchkey-client/answer.h"

namespace latchkey::client {

/// Since the machine started, time asleep included (CLOCK_BOOTTIME): a lease ends while its
/// consumer sleeps.
using Instant = std::chrono::milliseconds;

struct Quantity {
  std::string object, unit;
  std::uint64_t quantity = 0;
  bool operator==(const Quantity&) const = default;
};
using Usage = std::vector<Quantity>;

enum class State {
  connecting,  ///< nothing is held, and no server has answered yet
  connected,   ///< a server knows this consumer; it uses nothing
  holding,     ///< what `held` says is this consumer's
  refused,     ///< the last statement was refused; `held` is what is held all the same
  at_risk,     ///< nobody has confirmed the lease for its TTL: it may have ended
  lost,        ///< the lease ended, and the server refused a new one
  released,    ///< given back, as the application asked
};
const char* to_string(State state);

/// What a consumer's lease is like, as far as this side can know.
struct LeaseStatus {
  State state = State::connecting;
  Usage held{};
  std::optional<Problem> problem{};  ///< of the last request, while there is one
  Instant end{0};           ///< until then it is held, without any other word; 0: nothing is
  std::size_t address = 0;  ///< index of the server in use
  bool settled = false;     ///< the last statement was answered
  bool operator==(const LeaseStatus&) const = default;
};

/// One request to make.
struct Ask {
  enum class Kind { state_usage, heartbeat, release };
  Kind kind = Kind::state_usage;
  std::size_t address = 0;
  Usage usage{};        ///< of a statement
  std::string token{};  ///< empty: none goes along
};
struct Wait {
  Instant until;  ///< kForever: until the application wants something
};
struct Finished {};
using Action = std::variant<Ask, Wait, Finished>;
inline constexpr Instant kForever = Instant::max();

/// Keeps a consumer's lease alive (SPEC POOL-3, POOL-4, SRV-4): decides what to ask whom and when,
/// and what the application is told. Pure: answers and the time go in, actions come out.
///
/// - A lease is confirmed again after a third of its TTL, up to a fifth of that earlier (jitter).
/// - A server that fails or does not hold the leases: the next address at once; after each has had
///   its turn, a wait that grows (exponential back-off, full jitter), at most a third of the TTL.
/// - A lease that the server does not know is stated again, with its token.
/// - A refused statement is tried again once in a TTL, for capacity may have become free; what
///   was held before is kept meanwhile.
class LeaseMachine {
 public:
  struct Settings {
    std::size_t addresses = 1;  ///< at least 1
    std::uint32_t ttl_s = 60;
  };
  using Random = std::function<double()>;  ///< [0, 1)

  LeaseMachine(Settings settings, Random random);

  /// The application uses that from now on, all of it; empty: nothing, and still connected.
  void want(Usage usage);
  void release();

  /// What to do at `now`. An Ask must be followed by answered() before the next call.
  Action next(Instant now);
  /// `sent`: before the request left, for the lease may run from then on.
  void answered(const Answer& answer, Instant sent, Instant now);

  LeaseStatus status(Instant now) const;

 private:
  struct Lease {
    Usage usage;
    std::string token;
    Instant end;
    std::uint32_t ttl_s;
  };
  enum class Purpose { desired, restore, heartbeat, release };

  bool pending() const { return wanted_ && (answered_ != stated_ || restate_); }
  Purpose purpose(Instant now) const;
  Instant due() const;
  Ask ask(Purpose purpose) const;
  Instant ttl() const;
  Instant early(Instant span);

  void take(const Granted& granted, Instant sent, Instant now);
  void take(const LeaseUnknown&, Instant sent, Instant now);
  void take(const NotHolder&, Instant sent, Instant now);
  void take(const Busy& busy, Instant sent, Instant now);
  void take(const Refused& refused, Instant sent, Instant now);
  void take(const Failed& failed, Instant sent, Instant now);
  void move_on(Instant now);
  void refuse_usage(const Problem& why, Instant now);
  void lose();

  Settings settings_;
  Random random_;

  // What the application wants; statements are counted.
  Usage usage_;
  bool wanted_ = false;
  bool releasing_ = false;
  bool finished_ = false;
  bool released_ = false;
  std::uint64_t stated_ = 0, answered_ = 0;

  // What is under way.
  Purpose asked_ = Purpose::desired;
  std::uint64_t asked_number_ = 0;
  Usage asked_usage_;

  // What is held.
  std::optional<Lease> lease_;
  bool restate_ = false;  ///< the server lost what was granted: state it again
  bool restore_ = false;  ///< as that, while a greater statement stands refused
  bool lost_ = false;
  std::optional<Problem> refusal_;  ///< of the last statement
  std::optional<Problem> trouble_;  ///< of the last request
  Instant beat_at_{0}, retry_at_{0};

  // Where.
  std::size_t address_ = 0;
  std::size_t tried_ = 0;  ///< addresses since the last answer or wait
  unsigned round_ = 0;     ///< waits since the last answer
  Instant gate_{0};        ///< nothing is asked before
  bool fresh_ = true;      ///< no answer from this address yet
};

}  // namespace latchkey::client
