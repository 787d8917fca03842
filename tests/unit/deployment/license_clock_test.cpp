#include "core/deployment/license_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

// Stories of clocks as data: what happens step by step, and what license time and the warnings must
// be after each of them.
namespace latchkey {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAreArray;

constexpr Duration kHour = 1h, kYear = 365 * kDay;
constexpr Time kStart = std::chrono::sys_days(std::chrono::November / 21 / 2026);

struct PeerError {
  Duration license{}, wall{};  ///< what the peer says minus what is true
};

struct Step {
  const char* what;
  Duration runs{};                       ///< first so long with the machine on (or suspended) …
  Duration off{};                        ///< … then off, and started again
  std::optional<Duration> wall_error{};  ///< then the wall clock is set to true time plus this
  std::optional<Time> wall{};            ///< or to this
  std::optional<PeerError> peer{};       ///< then the peer says this, and goes on saying it
  bool peer_leaves = false;              ///< or its link breaks
  std::optional<Duration> issued{};      ///< a license verifies, issued at true time plus this
  bool restart = false;                  ///< the agent starts again from what it persisted
  bool snapshot = false;                 ///< the disk is copied …
  bool restore = false;                  ///< … and put back, with the machine started again
  Duration license_error{};              ///< license time minus true time, then
  std::vector<const char*> anomalies{};  ///< codes, then
};

struct Story {
  const char* name;
  std::vector<Step> steps;
};

/// One machine with its clocks and its disk.
class Machine {
 public:
  void live(const Step& step) {
    if (step.peer_leaves) peer_.reset();
    run(step.runs);
    if (step.off > 0s || step.restore) start_machine(step.off);
    if (step.wall_error) wall_error_ = *step.wall_error;
    if (step.wall) wall_error_ = *step.wall - truth;
    if (step.snapshot) snapshot_ = disk();
    if (step.restore) load(snapshot_);
    if (step.restart || step.off > 0s) load(disk());
    if (step.peer) peer_ = step.peer;
    if (step.issued) clock_.believe_issued(truth + *step.issued);
    look();
  }
  std::vector<std::string> anomalies() const {
    std::vector<std::string> codes;
    for (const auto& anomaly : clock_.anomalies()) {
      codes.push_back(anomaly.code);
      EXPECT_FALSE(anomaly.text.empty() || anomaly.cure.empty());
      EXPECT_LE(anomaly.since, license);
    }
    return codes;
  }

  Time truth = kStart;
  Time license{};

 private:
  /// The agent looks at least once an hour.
  void run(Duration time) {
    for (; time > 0s; time -= std::min(time, kHour)) {
      truth += std::min(time, kHour);
      boot_ += std::min(time, kHour);
      look();
    }
  }
  void look() {
    const Time before = license;
    if (peer_) clock_.hear_peer({truth + peer_->license, truth + peer_->wall}, reading());
    license = clock_.advance(reading());
    EXPECT_GE(license, before) << "license time never runs backward";
  }
  void start_machine(Duration off) {
    truth += off;
    boot_ = 1min;
    truth += boot_;
    ++boots_;
  }
  ClockReading reading() const {
    return {truth + wall_error_, boot_, "boot-" + std::to_string(boots_)};
  }
  ClockMemory disk() const {
    const auto kept = parse_clock_memory(serialise(clock_.memory()));
    EXPECT_EQ(kept, clock_.memory());
    return kept.value_or(ClockMemory{});
  }
  void load(const ClockMemory& memory) {
    clock_ = LicenseClock(memory, std::nullopt);
    license = {};
  }

  LicenseClock clock_{std::nullopt, std::nullopt};
  ClockMemory snapshot_;
  Duration boot_ = 1min, wall_error_{};
  int boots_ = 1;
  std::optional<PeerError> peer_;
};

const char* const kAhead = "clock-ahead";
const char* const kBehind = "clock-behind";
const char* const kPeerAhead = "peer-clock-ahead";
const char* const kDiffer = "clocks-differ";

const std::vector<Story> kStories = {
    {"backwards by an hour",
     {{.what = "all is well", .runs = kDay},
      {.what = "set back", .wall_error = -kHour},
      {.what = "goes on with the boot clock", .runs = kDay}}},
    {"backwards by a year",
     {{.what = "set back", .runs = kDay, .wall_error = -kYear, .anomalies = {kBehind}},
      {.what = "nothing is gained by it", .runs = 30 * kDay, .anomalies = {kBehind}},
      {.what = "nor by a restart", .restart = true, .anomalies = {kBehind}},
      {.what = "corrected", .wall_error = 0s}}},
    {"backwards while off",
     {{.what = "comes up a year back",
       .runs = kDay,
       .off = kDay,
       .wall_error = -kYear,
       .license_error = -kDay,
       .anomalies = {kBehind}},
      {.what = "runs from the floor", .runs = kDay, .license_error = -kDay, .anomalies = {kBehind}},
      {.what = "corrected: the absence is believed", .wall_error = 0s}}},
    {"forward by a year, then back",
     {{.what = "jumps", .runs = kDay, .wall_error = kYear, .anomalies = {kAhead}},
      {.what = "goes on without it", .runs = 71h, .anomalies = {kAhead}},
      {.what = "comes back: nothing was burned", .wall_error = 0s}}},
    {"forward while off",
     {{.what = "comes up a year ahead",
       .runs = kDay,
       .off = kHour,
       .wall_error = kYear,
       .license_error = -kHour,
       .anomalies = {kAhead}},
      {.what = "a restart of the agent changes nothing",
       .runs = kDay,
       .restart = true,
       .license_error = -kHour,
       .anomalies = {kAhead}},
      {.what = "corrected", .wall_error = 0s}}},
    {"off for a year, really",
     {{.what = "comes back from the drawer",
       .runs = kDay,
       .off = kYear,
       .license_error = -kYear,
       .anomalies = {kAhead}},
      {.what = "almost patient enough",
       .runs = 71h,
       .license_error = -kYear,
       .anomalies = {kAhead}},
      {.what = "being off once more is no running time",
       .off = 10h,
       .license_error = -kYear - 10h,
       .anomalies = {kAhead}},
      {.what = "believed without a person", .runs = 2h}}},
    {"off over a holiday", {{.what = "no alarm", .runs = kDay, .off = 13 * kDay}}},
    {"the claim moves: patience starts again",
     {{.what = "a year", .runs = kDay, .wall_error = kYear, .anomalies = {kAhead}},
      {.what = "two years", .runs = 71h, .wall_error = 2 * kYear, .anomalies = {kAhead}},
      {.what = "not yet", .runs = 71h, .anomalies = {kAhead}},
      {.what = "believed: wrong, but for three days nobody minded",
       .runs = 2h,
       .license_error = 2 * kYear}}},
    {"NTP slew",
     {{.what = "200 ms fast", .runs = kDay, .wall_error = 200ms, .license_error = 200ms},
      {.what = "slewed back", .runs = kDay, .wall_error = 0ms, .license_error = 200ms}}},
    {"daylight saving and time zones, where the clock runs in local time",
     {{.what = "summer", .runs = kDay, .wall_error = kHour, .license_error = kHour},
      {.what = "winter", .runs = kDay, .wall_error = 0s, .license_error = kHour},
      {.what = "the other end of the world", .wall_error = 13h, .license_error = 13h},
      {.what = "and home", .runs = kDay, .wall_error = 0s, .license_error = 13h}}},
    {"many small steps do not make a wrong year",
     {{.what = "all of the skew at once", .runs = kDay, .wall_error = 24h, .license_error = 24h},
      {.what = "and an hour more", .wall_error = 25h, .license_error = 24h, .anomalies = {kAhead}},
      {.what = "which wears off", .runs = 3h, .license_error = 25h}}},
    {"suspended", {{.what = "the boot clock counts it", .runs = 20 * kDay}}},
    {"peer wrong",
     {{.what = "linked", .runs = kDay, .peer = PeerError{}},
      {.what = "its wall clock jumps", .peer = PeerError{0s, kYear}, .anomalies = {kDiffer}},
      {.what = "its license time too",
       .peer = PeerError{kYear, kYear},
       .anomalies = {kPeerAhead, kDiffer}},
      {.what = "for long", .runs = 100h, .anomalies = {kPeerAhead, kDiffer}},
      {.what = "repaired", .peer = PeerError{}}}},
    {"peer a little ahead",
     {{.what = "its license time counts",
       .runs = kDay,
       .peer = PeerError{10h, 0s},
       .license_error = 10h}}},
    {"peer right, we wrong",
     {{.what = "jumps",
       .runs = kDay,
       .wall_error = kYear,
       .peer = PeerError{},
       .anomalies = {kAhead, kDiffer}},
      {.what = "no patience against another clock", .runs = 100h, .anomalies = {kAhead, kDiffer}},
      {.what = "the peer leaves: patience begins",
       .runs = kHour,
       .peer_leaves = true,
       .anomalies = {kAhead}},
      {.what = "and ends", .runs = 73h, .license_error = kYear}}},
    {"both wrong by the same NTP server",
     {{.what = "linked", .runs = kDay, .peer = PeerError{}},
      {.what = "both jump, neither believes it",
       .wall_error = kYear,
       .peer = PeerError{0s, kYear},
       .anomalies = {kAhead}},
      {.what = "over the weekend", .runs = 70h, .anomalies = {kAhead}},
      {.what = "corrected on Monday", .wall_error = 0s, .peer = PeerError{}}}},
    {"both wrong in different ways",
     {{.what = "we back, the peer ahead",
       .runs = kDay,
       .wall_error = -kYear,
       .peer = PeerError{0s, kYear},
       .anomalies = {kBehind, kDiffer}},
      {.what = "and its license time",
       .peer = PeerError{kYear, kYear},
       .anomalies = {kBehind, kPeerAhead, kDiffer}}}},
    {"restored VM snapshot, linked",
     {{.what = "a copy", .runs = kDay, .snapshot = true},
      {.what = "put back 40 days later",
       .runs = 40 * kDay,
       .restore = true,
       .license_error = -40 * kDay - 1min,
       .anomalies = {kAhead}},
      {.what = "the peer agrees with the clock", .peer = PeerError{}}}},
    {"restored VM snapshot, alone, with the clock held back",
     {{.what = "a copy", .runs = kDay, .snapshot = true},
      {.what = "put back",
       .runs = 40 * kDay,
       .wall_error = -41 * kDay,
       .restore = true,
       .license_error = -40 * kDay - 1min},
      {.what = "a newer license tells better",
       .issued = -10 * kDay,
       .license_error = -10 * kDay,
       .anomalies = {kBehind}}}},
    {"dead battery: 1970 until NTP answers",
     {{.what = "comes up in 1970",
       .runs = kDay,
       .off = 3 * kDay,
       .wall = Time{},
       .license_error = -3 * kDay,
       .anomalies = {kBehind}},
      {.what = "NTP", .runs = 5min, .wall_error = 0s}}},
    {"dead battery, the peer is quicker than NTP",
     {{.what = "comes up in 1970",
       .runs = kDay,
       .off = 3 * kDay,
       .wall = Time{},
       .peer = PeerError{},
       .anomalies = {kBehind, kDiffer}}}},
    {"first start without a battery",
     {{.what = "no clock at all",
       .wall = Time{},
       .license_error = kFirstDay - kStart,
       .anomalies = {kBehind}},
      {.what = "a license was issued after that",
       .issued = -30 * kDay,
       .license_error = -30 * kDay,
       .anomalies = {kBehind}},
      {.what = "an early restart",
       .restart = true,
       .license_error = -30 * kDay,
       .anomalies = {kBehind}},
      {.what = "NTP", .wall_error = 0s}}},
    {"into 2038 and 2106",
     {{.what = "off until 2037",
       .runs = kHour,
       .off = std::chrono::sys_days(std::chrono::December / 1 / 2037) - kStart,
       .license_error = kStart - Time(std::chrono::sys_days(std::chrono::December / 1 / 2037)),
       .anomalies = {kAhead}},
      {.what = "patience", .runs = 73h},
      {.what = "over the end of 32 bits", .runs = 90 * kDay},
      {.what = "the end of 32 bits without a sign",
       .off = std::chrono::sys_days(std::chrono::February / 1 / 2106) -
              std::chrono::sys_days(std::chrono::March / 4 / 2038),
       .issued = 0s},
      {.what = "and over it", .runs = 30 * kDay}}},
};

// SPEC TIME-1, TIME-2, TIME-3
TEST(LicenseClockTest, Stories) {
  for (const auto& story : kStories) {
    SCOPED_TRACE(story.name);
    Machine machine;
    for (const auto& step : story.steps) {
      SCOPED_TRACE(step.what);
      machine.live(step);
      // The minute that a machine needs to start may be lost with what it was off.
      EXPECT_LE(machine.license - machine.truth, step.license_error + 1min);
      EXPECT_GE(machine.license - machine.truth, step.license_error - 1min);
      EXPECT_THAT(machine.anomalies(), ElementsAreArray(step.anomalies));
    }
  }
}

// SPEC TIME-2: the edge of what needs no explanation, to the millisecond
TEST(LicenseClockTest, TheBoundaryOfASuspicion) {
  for (const auto& [ahead, believed] : {std::pair(kClockSkew, true), {kClockSkew + 1ms, false}}) {
    LicenseClock clock(std::nullopt, std::nullopt);
    clock.advance({kStart, 1min, "one"});
    const auto time = clock.advance({kStart + ahead, 1min, "one"});
    EXPECT_EQ(time, believed ? kStart + ahead : kStart);
    EXPECT_EQ(clock.anomalies().empty(), believed);
  }
}

// SPEC TIME-2: patience counts running time, also over restarts of agent and machine
TEST(LicenseClockTest, ThePatienceSurvivesRestarts) {
  Machine machine;
  machine.live({.what = "begin", .runs = kDay});
  machine.live({.what = "jumps", .wall_error = kYear});
  for (int day = 0; day < 8; ++day) {
    machine.live({.what = "a working day", .runs = 8h});
    EXPECT_LT(machine.license, machine.truth + kDay) << day;
    machine.live({.what = "a night", .off = 16h});
  }
  machine.live({.what = "the ninth", .runs = 8h});
  EXPECT_GE(machine.license, machine.truth + kYear - 1min);
}

// SPEC TIME-1: a floor that was taken back does not take back what was written
TEST(LicenseClockTest, TheNewestFactIsAFloorToo) {
  LicenseClock clock(ClockMemory{.floor = kStart, .anchored = true}, kStart + 10 * kDay);
  EXPECT_EQ(clock.advance({kStart - kYear, 0s, "one"}), kStart + 10 * kDay);
}

// SPEC TIME-1: an agent that is killed before it kept anything counts no uptime twice
TEST(LicenseClockTest, TheNewestFactAloneSaysNothingOfTheUptime) {
  Time newest = kStart;
  for (int killed = 0; killed < 20; ++killed) {
    LicenseClock clock(std::nullopt, newest);
    newest = clock.advance({kStart + killed * 1s, 6 * kDay + killed * 1s, "one"});
    EXPECT_EQ(newest, kStart + killed * 1s);
  }
}

// SPEC TIME-2: the way back
// SPEC TIME-1: an agent that is killed again and again in the same boot does not run ahead: a fact
// newer than the memory was written in the time that the boot clock tells of anyway.
TEST(LicenseClockTest, TheTimeBeforeAFactIsNotCountedTwice) {
  LicenseClock first({}, {});
  first.advance({kStart, kHour, "boot"});
  LicenseClock again(first.memory(), kStart + 5min);
  EXPECT_EQ(again.advance({kStart + 5min, kHour + 5min, "boot"}), kStart + 5min);
  LicenseClock lost(first.memory(), kStart + 5min);
  EXPECT_EQ(lost.advance({kStart + 5min, 0s, "another boot"}), kStart + 5min);
}

TEST(LicenseClockTest, ARepairTakesASpoiledFloorBack) {
  LicenseClock clock(ClockMemory{.floor = kStart + kYear, .anchored = true}, kStart + kYear);
  clock.believe_issued(kStart + kYear);
  EXPECT_EQ(clock.advance({kStart, 1min, "one"}), kStart + kYear + 1min);
  clock.repair(kStart - 3 * kDay, {kStart, 1min, "one"});
  EXPECT_EQ(clock.advance({kStart, 2min, "one"}), kStart) << "the wall clock fits the document";
  EXPECT_TRUE(clock.anomalies().empty());
  clock.repair(kStart - 30 * kDay, {kStart, 2min, "one"});
  EXPECT_LT(clock.advance({kStart, 3min, "one"}), kStart) << "an old document buys suspicion";
}

// SPEC BUF-10: a row that somebody edited
TEST(LicenseClockTest, RefusesAMemoryThatIsNone) {
  for (
      const char* text :
      {"", "{}", "[]", R"({"floor":"2026"})",
       R"({"anchored":1,"boot_ms":-1,"floor":"2026-11-21T00:00:00Z","settled":0,"stretched_ms":0})",
       R"({"anchored":1,"boot_ms":1,"floor":"2026-11-21T00:00:00Z","more":1,"settled":0,"stretched_ms":0})"})
    EXPECT_FALSE(parse_clock_memory(text)) << text;
}

}  // namespace
}  // namespace latchkey
