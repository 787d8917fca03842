#include "tools/latchkey-client/lease_machine.h"

#include <gtest/gtest.h>

#include <sstream>

namespace latchkey::client {
namespace {

// A client's life as a timeline. Each line is a time in seconds, what happens, and what follows
// from it: what is asked next (`-`: nothing now) and the state.
struct Step {
  double at;
  std::string event;
  std::string ask;
  std::string state;
};
struct Life {
  const char* name;
  std::vector<Step> steps;
  std::size_t addresses = 1;
  double random = 0;
};
void PrintTo(const Life& life, std::ostream* out) { *out << life.name; }

const Problem kFull{"capacity-exhausted", "There is not enough left.", "Buy more.",
                    PoolFigures{"kvm", "cpu-socket", 10, 8, 2}};
const Problem kDown{"server-unreachable", "Nothing answers.", "Start it.", std::nullopt};

class Player {
 public:
  explicit Player(const Life& life)
      : machine_({.addresses = life.addresses, .ttl_s = 60}, [r = life.random] { return r; }) {}

  void play(const Step& step) {
    const auto now = at(step.at);
    happen(step.event, now);
    EXPECT_EQ(asked(now), step.ask) << "at " << step.at << " after " << step.event;
    EXPECT_EQ(to_string(machine_.status(now).state), step.state)
        << "at " << step.at << " after " << step.event;
  }

 private:
  static Instant at(double second) { return Instant(static_cast<Instant::rep>(second * 1000)); }

  void happen(const std::string& event, Instant now) {
    std::istringstream words(event);
    std::string word;
    words >> word;
    if (word == "want") {
      std::uint64_t quantity = 0;
      words >> quantity;
      machine_.want(quantity == 0 ? Usage{} : Usage{{"kvm", "cpu-socket", quantity}});
    } else if (word == "release") {
      machine_.release();
    } else if (word != "wait") {
      machine_.answered(answer(event), asked_at_, now);
    }
  }

  static Answer answer(const std::string& event) {
    if (event == "granted") return Granted{60, "T1"};
    if (event == "granted 30") return Granted{30, "T2"};
    if (event == "confirmed") return Granted{60, {}};
    if (event == "unknown") return LeaseUnknown{};
    if (event == "not-holder") return NotHolder{};
    if (event == "busy 5") return Busy{std::chrono::seconds(5), kDown};
    if (event == "full") return Refused{409, kFull};
    if (event == "revoked") return Refused{403, {"identity-revoked", "No.", "Enrol.", {}}};
    if (event == "bad-token") return Refused{422, {"token-invalid", "No.", "Again.", {}}};
    EXPECT_EQ(event, "failed");
    return Failed{kDown};
  }

  std::string asked(Instant now) {
    const auto action = machine_.next(now);
    if (std::holds_alternative<Finished>(action)) return "end";
    if (const auto* wait = std::get_if<Wait>(&action)) {
      if (wait->until == kForever) return "-";
      EXPECT_GT(wait->until, now);
      std::ostringstream text;
      text << "- " << static_cast<double>(wait->until.count()) / 1000;
      return text.str();
    }
    asked_at_ = now;
    return text_of(std::get<Ask>(action));
  }

  static std::string text_of(const Ask& ask) {
    std::ostringstream text;
    if (ask.kind == Ask::Kind::state_usage)
      text << "state " << (ask.usage.empty() ? 0 : ask.usage.front().quantity);
    else
      text << (ask.kind == Ask::Kind::heartbeat ? "beat" : "release");
    if (!ask.token.empty()) text << ' ' << ask.token;
    text << " @" << ask.address;
    return text.str();
  }

  LeaseMachine machine_;
  Instant asked_at_{0};
};

class LeaseMachineTest : public ::testing::TestWithParam<Life> {};

TEST_P(LeaseMachineTest, Lives) {
  Player player(GetParam());
  for (const auto& step : GetParam().steps) player.play(step);
}

INSTANTIATE_TEST_SUITE_P(
    Lives, LeaseMachineTest,
    ::testing::Values(
        Life{"waits for the application",  // SPEC SRV-2
             {{0, "wait", "-", "connecting"},
              {1, "want 4", "state 4 @0", "connecting"},
              {1.1, "granted", "- 21.1", "holding"}}},
        Life{"uses nothing, and is connected",
             {{0, "want 0", "state 0 @0", "connecting"}, {0, "granted", "- 20", "connected"}}},
        Life{"confirms after a third of its TTL",  // SPEC POOL-4
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {19.999, "wait", "- 20", "holding"},
              {20, "wait", "beat @0", "holding"},
              {20.5, "confirmed", "- 40.5", "holding"}}},
        Life{"comes up to a fifth early",
             {{0, "want 4", "state 4 @0", "connecting"}, {0, "granted", "- 16", "holding"}},
             1,
             1},
        Life{"follows the TTL that the server gave",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted 30", "- 10", "holding"},
              {10, "wait", "beat @0", "holding"},
              {10, "failed", "beat T2 @0", "holding"},  // no wait: the random number is 0
              {29.999, "failed", "beat T2 @0", "holding"},
              {30, "failed", "beat T2 @0", "at-risk"}}},
        Life{"counts the lease from when it asked",
             {{0, "want 4", "state 4 @0", "connecting"},
              {5, "granted", "- 25", "holding"},
              {25, "wait", "beat @0", "holding"},
              {59, "busy 5", "- 60", "holding"},  // woken to say so
              {60, "wait", "- 64", "at-risk"},
              {64, "wait", "beat @0", "at-risk"},
              {65, "confirmed", "- 85", "holding"}}},
        Life{"states anew while one statement is under way",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "want 5", "state 5 @0", "connecting"},
              {0, "granted", "- 20", "holding"}}},
        Life{"is refused, keeps what it has, and tries again",  // SPEC POOL-5
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {1, "want 12", "state 12 @0", "holding"},
              {1, "full", "- 20", "refused"},
              {20, "wait", "beat @0", "refused"},
              {20, "confirmed", "- 40", "refused"},
              {40, "wait", "beat @0", "refused"},
              {40, "confirmed", "- 60", "refused"},
              {60, "wait", "beat @0", "refused"},
              {60, "confirmed", "- 61", "refused"},
              {61, "wait", "state 12 @0", "refused"},
              {61, "granted", "- 81", "holding"}}},
        Life{"is refused at first, and has nothing",
             {{0, "want 12", "state 12 @0", "connecting"},
              {0, "full", "- 60", "refused"},
              {5, "want 2", "state 2 @0", "refused"},
              {5, "granted", "- 25", "holding"}}},
        Life{"states again what the server does not know",  // SPEC POOL-4
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {20, "wait", "beat @0", "holding"},
              {20, "unknown", "state 4 T1 @0", "at-risk"},
              {20, "granted", "- 40", "holding"}}},
        Life{"loses the lease when there is no room left",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {20, "wait", "beat @0", "holding"},
              {20, "unknown", "state 4 T1 @0", "at-risk"},
              {20, "full", "- 80", "lost"},
              {80, "wait", "state 4 @0", "lost"},
              {80, "granted", "- 100", "holding"}}},
        Life{"has back what it had, not what was refused",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {0, "want 12", "state 12 @0", "holding"},
              {0, "full", "- 20", "refused"},
              {20, "wait", "beat @0", "refused"},
              {20, "unknown", "state 4 T1 @0", "at-risk"},
              {20, "granted", "- 40", "refused"}}},
        Life{"loses it in that as well",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {0, "want 12", "state 12 @0", "holding"},
              {0, "full", "- 20", "refused"},
              {20, "wait", "beat @0", "refused"},
              {20, "unknown", "state 4 T1 @0", "at-risk"},
              {20, "full", "- 80", "lost"}}},
        Life{"shows its token to another node, which takes the lease on",  // SPEC SRV-4
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {20, "wait", "beat @0", "holding"},
              {20, "failed", "beat T1 @1", "holding"},
              {20, "granted", "- 40", "holding"},
              {40, "wait", "beat @1", "holding"}},
             2},
        Life{"is told by the other node that nothing is left",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {20, "wait", "beat @0", "holding"},
              {20, "not-holder", "beat T1 @1", "holding"},
              {20, "full", "- 80", "lost"}},
             2},
        Life{"goes round the addresses, then waits longer and longer",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "failed", "state 4 @1", "connecting"},
              {0, "not-holder", "- 0.125", "connecting"},
              {0.125, "wait", "state 4 @0", "connecting"},
              {0.125, "failed", "state 4 @1", "connecting"},
              {0.125, "failed", "- 0.375", "connecting"},
              {1, "wait", "state 4 @0", "connecting"},
              {1, "failed", "state 4 @1", "connecting"},
              {1, "failed", "- 1.5", "connecting"},
              {2, "wait", "state 4 @0", "connecting"},
              {2, "granted", "- 20", "holding"}},
             2,
             0.5},
        Life{"does not let a statement jump the queue of a failing server",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "failed", "- 0.125", "connecting"},
              {0.1, "want 5", "- 0.125", "connecting"}},
             1,
             0.5},
        Life{"waits as long as a busy server says, and a little more",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "busy 5", "- 5.625", "connecting"},
              {5.625, "wait", "state 4 @0", "connecting"}},
             2,
             0.5},
        Life{"goes on asking when its identity is revoked",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {20, "wait", "beat @0", "holding"},
              {20, "revoked", "- 40", "holding"},
              {40, "wait", "beat @0", "holding"},
              {40, "revoked", "- 60", "holding"},
              {60, "wait", "beat @0", "at-risk"}}},
        Life{"drops a token that nobody takes",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {20, "wait", "beat @0", "holding"},
              {20, "failed", "beat T1 @1", "holding"},
              {20, "bad-token", "beat @1", "holding"},
              {20, "unknown", "state 4 @1", "at-risk"},
              {20, "granted", "- 40", "holding"}},
             2},
        Life{"is no busy loop when a server contradicts itself",
             {{0, "want 4", "state 4 @0", "connecting"}, {0, "unknown", "- 0.125", "connecting"}},
             1,
             0.5},
        Life{"gives back",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {1, "release", "release @0", "holding"},
              {1, "confirmed", "end", "released"}}},
        Life{"gives back at once, whatever it waits for",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "busy 5", "- 5", "connecting"},
              {1, "release", "release @0", "connecting"},
              {1, "unknown", "end", "released"}}},
        Life{"may not give back",
             {{0, "want 4", "state 4 @0", "connecting"},
              {0, "granted", "- 20", "holding"},
              {1, "release", "release @0", "holding"},
              {1, "revoked", "end", "holding"}}},
        Life{"has nothing to give back", {{0, "release", "end", "released"}}}));

TEST(LeaseMachineStatus, SaysWhatIsHeldAndWhatIsWrong) {  // SPEC POOL-5
  LeaseMachine machine({.addresses = 1, .ttl_s = 60}, [] { return 0.0; });
  machine.want({{"kvm", "cpu-socket", 4}});
  EXPECT_FALSE(machine.status(Instant(0)).settled);
  machine.next(Instant(0));
  machine.answered(Granted{60, "T"}, Instant(0), Instant(100));
  auto status = machine.status(Instant(100));
  EXPECT_TRUE(status.settled);
  EXPECT_EQ(status.end, Instant(60'000));
  EXPECT_EQ(status.held, (Usage{{"kvm", "cpu-socket", 4}}));
  EXPECT_FALSE(status.problem);

  machine.want({{"kvm", "cpu-socket", 12}});
  EXPECT_FALSE(machine.status(Instant(200)).settled);
  machine.next(Instant(200));
  machine.answered(Refused{409, kFull}, Instant(200), Instant(200));
  status = machine.status(Instant(200));
  EXPECT_TRUE(status.settled);
  EXPECT_EQ(status.held, (Usage{{"kvm", "cpu-socket", 4}}));
  ASSERT_TRUE(status.problem);
  EXPECT_EQ(*status.problem, kFull);
}

}  // namespace
}  // namespace latchkey::client
