#include "drivers/hidkey/hid_key.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/base/keys.h"
#include "tests/unit/drivers/hid_key_fixture.h"

namespace latchkey::test {
namespace {

using emulator::Fault;
using Kind = KeyError::Kind;

class HidKeyTest : public ::testing::TestWithParam<KeyAlgorithm> {};

INSTANTIATE_TEST_SUITE_P(Algorithms, HidKeyTest,
                         ::testing::Values(KeyAlgorithm::ed25519, KeyAlgorithm::ecdsa_p256));

// SPEC SEC-4
TEST_P(HidKeyTest, ProvesThatItOwnsItsPrivateKey) {
  FlashKey flash(GetParam());
  const auto key = flash.open();
  const auto spki = key->public_key(soon());
  ASSERT_TRUE(spki);
  const auto challenge = pattern(32);
  const auto signature = key->prove(challenge, soon());
  ASSERT_TRUE(signature);
  const auto verifier = PublicKey::from_der(*spki);
  ASSERT_TRUE(verifier);
  EXPECT_TRUE(verifier->verify_digest(challenge, *signature));
  EXPECT_FALSE(verifier->verify_digest(pattern(32, 2), *signature));
}

// SPEC SEC-4
TEST_P(HidKeyTest, AWrongSignatureIsWellFormedButDoesNotVerify) {
  FlashKey flash(GetParam());
  flash.device().set_fault(Fault::wrong_signature);
  const auto key = flash.open();
  const auto verifier = PublicKey::from_der(key->public_key(soon()).value());
  const auto signature = key->prove(pattern(32), soon());
  ASSERT_TRUE(signature);
  EXPECT_FALSE(verifier->verify_digest(pattern(32), *signature));
}

TEST(HidKey, AFreshKeyIsUnprovisioned) {
  FlashKey flash;
  const auto license = flash.open()->read_license(soon());
  ASSERT_FALSE(license);
  EXPECT_EQ(license.error().kind, Kind::unprovisioned);
}

TEST(HidKey, KeepsLicensesOfEverySizeUpToItsSlot) {
  FlashKey flash;
  for (const std::size_t size : {1U, 52U, 57U, 58U, 3071U, 3072U, 3073U, 9000U, 16384U}) {
    const auto content = pattern(size, static_cast<unsigned>(size));
    ASSERT_TRUE(flash.open()->write_license(content, soon())) << size;
    flash.power_cycle();
    EXPECT_EQ(flash.open()->read_license(soon()).value(), content) << size;
  }
}

TEST(HidKey, RefusesALicenseThatDoesNotFit) {
  FlashKey flash;
  for (const std::size_t size : {std::size_t{0}, std::size_t{16385}}) {
    const auto outcome = flash.open()->write_license(pattern(size), soon());
    ASSERT_FALSE(outcome) << size;
    EXPECT_EQ(outcome.error().kind, Kind::refused);
  }
}

TEST(HidKey, WritesTheOtherSlotEachTime) {
  FlashKey flash;
  const auto key = flash.open();
  for (unsigned i = 1; i <= 5; ++i) {
    ASSERT_TRUE(key->write_license(pattern(100, i), soon()));
    const auto& state = flash.device().state();
    EXPECT_EQ(*state.winner(), (i + 1) % 2);
    EXPECT_EQ(state.slots[*state.winner()]->generation, i);
    EXPECT_EQ(key->read_license(soon()).value(), pattern(100, i));
  }
}

TEST(HidKey, WritingTheSameLicenseAgainWearsNothing) {
  FlashKey flash;
  const auto key = flash.open();
  ASSERT_TRUE(key->write_license(pattern(100), soon()));
  ASSERT_TRUE(key->write_license(pattern(100), soon()));
  EXPECT_EQ(flash.device().state().slots[0]->generation, 1U);
  EXPECT_FALSE(flash.device().state().slots[1]);
}

// SPEC LIC-8
TEST(HidKey, UnpluggedWhileWritingKeepsTheOldLicense) {
  FlashKey flash;
  ASSERT_TRUE(flash.open()->write_license(pattern(500, 1), soon()));
  flash.device().set_fault(Fault::unplug_write);
  const auto outcome = flash.open()->write_license(pattern(500, 2), soon());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::gone);
  flash.power_cycle();
  EXPECT_EQ(flash.open()->read_license(soon()).value(), pattern(500, 1));
  ASSERT_TRUE(flash.open()->write_license(pattern(500, 2), soon()));
  EXPECT_EQ(flash.open()->read_license(soon()).value(), pattern(500, 2));
}

// SPEC LIC-8
TEST(HidKey, PowerLostBetweenWriteAndCommitKeepsTheOldLicense) {
  FlashKey flash;
  ASSERT_TRUE(flash.open()->write_license(pattern(500, 1), soon()));
  hidkey::Channel channel(std::make_unique<emulator::InProcessPipe>(flash.device()), system_random);
  const auto request = encode(hidkey::WriteRequest{1, 0, pattern(500, 2)});
  ASSERT_TRUE(channel.call(static_cast<std::uint8_t>(hidkey::Command::write), request, soon()));
  flash.power_cycle();
  EXPECT_EQ(flash.open()->read_license(soon()).value(), pattern(500, 1));
}

TEST(HidKey, ADamagedSlotCountsAsEmptyAtPowerUp) {
  FlashKey flash;
  ASSERT_TRUE(flash.open()->write_license(pattern(90, 1), soon()));
  ASSERT_TRUE(flash.open()->write_license(pattern(90, 2), soon()));
  const auto at = flash.flash().find(to_base64(pattern(90, 2)));
  ASSERT_NE(at, std::string::npos);
  flash.flash().replace(at, 4, "AAAA");
  flash.power_cycle();
  EXPECT_EQ(flash.open()->read_license(soon()).value(), pattern(90, 1));
}

// SPEC BUF-10
TEST(HidKey, KeepsAStamp) {
  FlashKey flash;
  EXPECT_EQ(flash.open()->read_stamp(soon()).value(), Bytes{});
  ASSERT_TRUE(flash.open()->write_stamp(pattern(1024), soon()));
  flash.power_cycle();
  EXPECT_EQ(flash.open()->read_stamp(soon()).value(), pattern(1024));
  const auto refused = flash.open()->write_stamp(pattern(1025), soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::refused);
}

// SPEC SEC-4
TEST(HidKey, CopiedContentKeepsItsOwnKey) {
  FlashKey original;
  FlashKey copy;
  ASSERT_TRUE(original.open()->write_license(pattern(100), soon()));
  ASSERT_TRUE(copy.device().copy_content(original.device()));
  EXPECT_EQ(copy.open()->read_license(soon()).value(), pattern(100));
  EXPECT_NE(copy.open()->public_key(soon()).value(), original.open()->public_key(soon()).value());
}

struct FaultCase {
  Fault fault;
  Kind expected;
};

// SPEC KEY-3
TEST(HidKey, TellsFaultsApartAndStartsCleanAfterwards) {
  for (const auto& [fault, expected] :
       {FaultCase{Fault::silent, Kind::timeout}, FaultCase{Fault::garbage, Kind::timeout},
        FaultCase{Fault::short_report, Kind::protocol},
        FaultCase{Fault::no_license, Kind::unprovisioned}}) {
    FlashKey flash;
    const auto key = flash.open();
    ASSERT_TRUE(key->write_license(pattern(100), soon()));
    flash.device().set_fault(fault);
    const auto license = key->read_license(in(std::chrono::milliseconds(120)));
    ASSERT_FALSE(license) << to_string(fault);
    EXPECT_TRUE(license.error().kind == expected ||
                (fault == Fault::garbage && license.error().kind == Kind::protocol))
        << to_string(fault) << ": " << license.error().detail;
    flash.device().set_fault(Fault::none);
    EXPECT_EQ(key->read_license(soon()).value(), pattern(100)) << to_string(fault);
  }
}

TEST(HidKey, KeepaliveCarriesASlowAnswerButNotPastTheDeadline) {
  FlashKey flash;
  const auto key = flash.open();
  ASSERT_TRUE(key->public_key(soon()));
  flash.device().set_fault(Fault::slow);
  const auto late = key->prove(pattern(32), in(std::chrono::milliseconds(300)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, Kind::timeout);
  const auto in_time = key->prove(pattern(32), soon());
  ASSERT_TRUE(in_time) << in_time.error().detail;
}

TEST(HidKey, UnpluggedInTheMiddleOfAReadIsGone) {
  FlashKey flash;
  const auto key = flash.open();
  ASSERT_TRUE(key->write_license(pattern(5000), soon()));
  flash.device().set_fault(Fault::unplug_read);
  const auto license = key->read_license(soon());
  ASSERT_FALSE(license);
  EXPECT_EQ(license.error().kind, Kind::gone);
}

/// Counts requests by passing everything on.
class CountingPipe final : public ReportPipe {
 public:
  CountingPipe(emulator::HidDevice& device, int& requests) : inner_(device), requests_(requests) {}
  KeyResult<void> write(const Report& report, Deadline deadline) override {
    if (ctaphid::Packet(report).initial) ++requests_;
    return inner_.write(report, deadline);
  }
  KeyResult<Report> read(Deadline deadline) override { return inner_.read(deadline); }
  void cancel() noexcept override { inner_.cancel(); }

 private:
  emulator::InProcessPipe inner_;
  int& requests_;
};

// DESIGN 4: a known key costs one exchange and one proof.
TEST(HidKey, AKnownKeyCostsOneHelloAndOneProof) {
  FlashKey flash;
  const auto cache = std::make_shared<hidkey::ContentCache>();
  ASSERT_TRUE(flash.open(cache)->write_license(pattern(4000), soon()));
  const auto reading = [&] {
    int requests = 0;
    hidkey::HidKey key(std::make_unique<CountingPipe>(flash.device(), requests), cache);
    EXPECT_TRUE(key.public_key(soon()));
    EXPECT_TRUE(key.prove(pattern(32), soon()));
    EXPECT_EQ(key.read_license(soon()).value(), pattern(4000));
    return requests;
  };
  EXPECT_EQ(reading(), 6);  // INIT, HELLO, PUBLIC_KEY, PROVE, READ, READ
  EXPECT_EQ(reading(), 3);  // INIT, HELLO, PROVE
}

TEST(HidKey, CancelEndsARunningCallAtOnce) {
  FlashKey flash;
  flash.device().set_fault(Fault::silent);
  const auto key = flash.open();
  const auto start = std::chrono::steady_clock::now();
  std::jthread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    key->cancel();
  });
  const auto outcome = key->public_key(soon());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::gone);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(900));
}

}  // namespace
}  // namespace latchkey::test
