#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <random>

#include "core/base/keys.h"
#include "tests/support/fault_pipe.h"
#include "tests/unit/drivers/hid_key_fixture.h"

// SPEC SEC-3: whatever a key answers, wherever in an answer: no crash, no hang past the deadline,
// and the next request works.
namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using hidkey::HidKey;
using Kind = KeyError::Kind;
using Outcome = std::optional<KeyResult<Report>>;

Report with(Report report, std::size_t at, std::uint8_t value) {
  report[at] = value;
  return report;
}

Outcome random_report(const Report& original, std::size_t keep) {
  static std::mt19937 generator(1);
  Report report = original;
  for (std::size_t i = keep; i < report.size(); ++i)
    report[i] = static_cast<std::uint8_t>(generator());
  return report;
}

/// A whole one-packet message on the report's channel.
Outcome message(const Report& original, std::uint8_t command, Bytes payload) {
  return ctaphid::split({ctaphid::Packet(original).channel, command, std::move(payload)}).front();
}

Outcome length(const Report& original, std::uint8_t high, std::uint8_t low) {
  return with(with(original, 5, high), 6, low);
}

struct Malformation {
  std::string name;
  FaultPipe::Tamper tamper;
  bool for_good = false;
  bool gone = false;  ///< the key does not come back
};

std::vector<Malformation> malformations() {
  std::vector<Malformation> table{
      {"wrong channel", [](const Report& r) -> Outcome { return with(r, 3, r[3] ^ 0x55); }},
      {"broadcast channel",
       [](const Report& r) -> Outcome {
         return with(with(with(with(r, 0, 0xFF), 1, 0xFF), 2, 0xFF), 3, 0xFF);
       }},
      {"wrong command or sequence",
       [](const Report& r) -> Outcome { return with(r, 4, r[4] ^ 1); }},
      {"continuation for initial",
       [](const Report& r) -> Outcome { return with(r, 4, r[4] ^ 0x80); }},
      {"sequence 127", [](const Report& r) -> Outcome { return with(r, 4, 0x7F); }},
      {"length 65535", [](const Report& r) { return length(r, 0xFF, 0xFF); }},
      {"length 7610", [](const Report& r) { return length(r, 0x1D, 0xBA); }},
      {"length 7609", [](const Report& r) { return length(r, 0x1D, 0xB9); }},
      {"length 0", [](const Report& r) { return length(r, 0, 0); }},
      {"length one less", [](const Report& r) { return length(r, r[5], r[6] - 1); }},
      {"length one more", [](const Report& r) { return length(r, r[5], r[6] + 1); }},
      {"zeros", [](const Report&) -> Outcome { return Report{}; }},
      {"random bytes", [](const Report& r) { return random_report(r, 0); }},
      {"random after the channel", [](const Report& r) { return random_report(r, 4); }},
      {"random payload", [](const Report& r) { return random_report(r, 7); }},
      {"empty ERROR", [](const Report& r) { return message(r, 0x3F, {}); }},
      {"long ERROR", [](const Report& r) { return message(r, 0x3F, Bytes(40, 6)); }},
      {"INIT answer", [](const Report& r) { return message(r, 0x06, Bytes(17, 1)); }},
      {"one KEEPALIVE instead", [](const Report& r) { return message(r, 0x3B, {1}); }},
      {"lost", [](const Report&) -> Outcome { return std::nullopt; }},
      {"short", [](const Report&) -> Outcome { return key_fail(Kind::protocol, "short"); }},
      {"silence", [](const Report&) -> Outcome { return std::nullopt; }, true},
      {"endless KEEPALIVE", [](const Report& r) { return message(r, 0x3B, {1}); }, true},
      {"endless random", [](const Report& r) { return random_report(r, 0); }, true},
      {"endless random on the channel", [](const Report& r) { return random_report(r, 4); }, true},
      {"endless repetition", [](const Report& r) -> Outcome { return r; }, true},
      {"endless CHANNEL_BUSY", [](const Report& r) { return message(r, 0x3F, {6}); }, true},
      {"unplug", [](const Report&) -> Outcome { return key_fail(Kind::gone, "unplugged"); }, true,
       true},
  };
  for (const std::uint8_t code : {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0B, 0x40, 0x41,
                                  0x42, 0x43, 0x44, 0x7F, 0xFF})
    table.push_back({"ERROR " + std::to_string(code),
                     [code](const Report& r) { return message(r, 0x3F, {code}); }});
  return table;
}

const Bytes kLicense = pattern(200);
const Bytes kStamp = pattern(150);

KeyResult<Bytes> done(const KeyResult<void>& outcome) {
  if (!outcome) return tl::make_unexpected(outcome.error());
  return Bytes{};
}

struct Operation {
  std::string name;
  std::function<KeyResult<Bytes>(HidKey&, Deadline)> run;
  bool same_answer = true;  ///< two runs answer the same bytes
};

std::vector<Operation> operations() {
  return {
      {"public_key", [](HidKey& key, Deadline d) { return key.public_key(d); }},
      {"prove", [](HidKey& key, Deadline d) { return key.prove(pattern(32), d); }, false},
      {"read_license", [](HidKey& key, Deadline d) { return key.read_license(d); }},
      {"write_license",
       [](HidKey& key, Deadline d) { return done(key.write_license(pattern(210, 2), d)); }},
      {"read_stamp", [](HidKey& key, Deadline d) { return key.read_stamp(d); }, false},
      {"write_stamp", [](HidKey& key, Deadline d) { return done(key.write_stamp(pattern(9), d)); }},
  };
}

/// A provisioned key behind a pipe that can be spoiled.
struct Victim {
  explicit Victim(const emulator::KeyState& state) : flash(state) {
    auto faulty =
        std::make_unique<FaultPipe>(std::make_unique<emulator::InProcessPipe>(flash.device()));
    pipe = faulty.get();
    key = std::make_unique<HidKey>(std::move(faulty), std::make_shared<hidkey::ContentCache>());
  }
  FlashKey flash;
  FaultPipe* pipe;
  std::unique_ptr<HidKey> key;
};

emulator::KeyState provisioned() {
  FlashKey flash;
  EXPECT_TRUE(flash.open()->write_license(kLicense, soon()));
  EXPECT_TRUE(flash.open()->write_stamp(kStamp, soon()));
  return flash.device().state();
}

class HostileKeyTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  static void strike(const emulator::KeyState& state, const Operation& operation,
                     const Bytes& expected, std::size_t position, const Malformation& bad) {
    SCOPED_TRACE(operation.name + ", report " + std::to_string(position) + ": " + bad.name);
    Victim victim(state);
    victim.pipe->arm({position, bad.tamper, bad.for_good});
    const auto struck = operation.run(*victim.key, std::chrono::steady_clock::now() + 8ms);
    if (struck && operation.same_answer) {
      EXPECT_EQ(*struck, expected);
    }
    if (bad.gone) {
      ASSERT_FALSE(struck);
      EXPECT_EQ(struck.error().kind, Kind::gone);
      return;
    }
    victim.pipe->disarm();
    const auto next = operation.run(*victim.key, soon());
    ASSERT_TRUE(next) << next.error().detail;
    if (operation.same_answer) {
      EXPECT_EQ(*next, expected);
    }
  }
};

TEST_P(HostileKeyTest, GarbageInEveryReplyPosition) {
  const auto state = provisioned();
  const auto operation = operations()[GetParam()];
  Victim healthy(state);
  healthy.pipe->arm({SIZE_MAX, {}, false});
  const auto expected = operation.run(*healthy.key, soon());
  ASSERT_TRUE(expected);
  const auto reports = healthy.pipe->seen();
  ASSERT_GE(reports, 2U);  // at least INIT and one answer
  for (std::size_t position = 0; position < reports; ++position)
    for (const auto& bad : malformations()) strike(state, operation, *expected, position, bad);
}

INSTANTIATE_TEST_SUITE_P(Operations, HostileKeyTest,
                         ::testing::Range(std::size_t{0}, operations().size()),
                         [](const auto& entry) { return operations()[entry.param].name; });

struct ErrorRow {
  std::uint8_t code;
  Kind kind;
};

// docs/protocol-hidkey.md section 5
TEST(HostileKey, EachErrorCodeHasItsReading) {
  const auto state = provisioned();
  for (const auto& [code, kind] :
       {ErrorRow{0x01, Kind::protocol}, ErrorRow{0x05, Kind::timeout}, ErrorRow{0x06, Kind::busy},
        ErrorRow{0x0B, Kind::protocol}, ErrorRow{0x40, Kind::unprovisioned},
        ErrorRow{0x41, Kind::protocol}, ErrorRow{0x42, Kind::refused},
        ErrorRow{0x43, Kind::refused}, ErrorRow{0x44, Kind::refused},
        ErrorRow{0x7F, Kind::protocol}}) {
    Victim victim(state);
    ASSERT_TRUE(victim.key->public_key(soon()));
    victim.pipe->arm({0, [code](const Report& r) { return message(r, 0x3F, {code}); }, true});
    const auto outcome = victim.key->prove(pattern(32), in(300ms));
    ASSERT_FALSE(outcome) << int(code);
    EXPECT_EQ(outcome.error().kind, kind) << int(code);
  }
}

/// A slow wire: while `holding` nothing arrives, and what was held arrives after the next request
/// has left. CANCEL is lost.
class LatePipe final : public ReportPipe {
 public:
  explicit LatePipe(emulator::HidDevice& device) : inner_(device) {}
  KeyResult<void> write(const Report& report, Deadline deadline) override {
    if (ctaphid::Packet(report).is(ctaphid::Command::cancel)) return {};
    arriving_ = !holding;
    return inner_.write(report, deadline);
  }
  KeyResult<Report> read(Deadline deadline) override {
    if (arriving_ && !held_.empty()) {
      const auto report = held_.front();
      held_.pop_front();
      return report;
    }
    for (;;) {
      auto report = inner_.read(deadline);
      if (!report || !holding) return report;
      held_.push_back(*report);
    }
  }
  void cancel() noexcept override { inner_.cancel(); }
  bool holding = false;

 private:
  emulator::InProcessPipe inner_;
  std::deque<Report> held_;
  bool arriving_ = false;
};

// A late answer to a request that was given up is not taken for the answer to the next one.
TEST(HostileKey, ALateAnswerIsNeverTakenForTheNextOne) {
  FlashKey flash;
  auto late = std::make_unique<LatePipe>(flash.device());
  auto& wire = *late;
  HidKey key(std::move(late), std::make_shared<hidkey::ContentCache>());
  const auto verifier = PublicKey::from_der(key.public_key(soon()).value());
  wire.holding = true;
  ASSERT_FALSE(key.prove(pattern(32, 1), in(5ms)));
  wire.holding = false;
  EXPECT_TRUE(verifier->verify_digest(pattern(32, 2), key.prove(pattern(32, 2), soon()).value()));
}

// The key was restarted, and forgot the channel, without leaving the bus.
TEST(HostileKey, AForgottenChannelIsAllocatedAnew) {
  Victim victim(provisioned());
  ASSERT_TRUE(victim.key->public_key(soon()));
  victim.flash.device().attach();
  const auto first = victim.key->public_key(soon());
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, Kind::protocol);
  EXPECT_TRUE(victim.key->public_key(soon()));
}

}  // namespace
}  // namespace latchkey::test
