#include "agent/identity/tpm.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "agent/identity/machine_factors.h"
#include "core/base/sha256.h"
#include "tests/support/sample_vendor.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unprivileged.h"

namespace latchkey::test {
namespace {

constexpr std::chrono::seconds kGenerous{20};
constexpr std::chrono::milliseconds kShort{50};

const Bytes kQuestion = from_hex("80010000000e0000017381010001").value();
const Bytes kPublic = from_hex("0001000b000300b20020837197674484b3f81a90cc8d46a5d724fd52").value();

std::string hex16(std::size_t value) {
  return to_hex(Bytes{static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)});
}
/// Tag, size, response code and what follows, as a TPM says it; the size may be a lie.
Bytes answer(const std::string& code, const std::string& rest, std::optional<std::size_t> size = {},
             const std::string& tag = "8001") {
  return from_hex(tag + "0000" + hex16(size.value_or(10 + rest.size() / 2)) + code + rest).value();
}
/// The public area, and its two names.
Bytes good_answer() {
  return answer("00000000", hex16(kPublic.size()) + to_hex(kPublic) + "0002aabb0002ccdd");
}

/// A terminal that answers one command as a TPM would, in pieces.
class FakeTpm {
 public:
  explicit FakeTpm(std::vector<Bytes> pieces) : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_EQ(::grantpt(master_), 0);
    EXPECT_EQ(::unlockpt(master_), 0);
    path_ = ::ptsname(master_);
    // Held open, so that its settings last: bytes pass as they are.
    slave_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY);
    termios raw{};
    EXPECT_EQ(::tcgetattr(slave_, &raw), 0);
    ::cfmakeraw(&raw);
    EXPECT_EQ(::tcsetattr(slave_, TCSANOW, &raw), 0);
    worker_ = std::thread([this, pieces = std::move(pieces)] { serve(pieces); });
  }
  ~FakeTpm() {
    worker_.join();
    ::close(slave_);
    ::close(master_);
  }
  FakeTpm(const FakeTpm&) = delete;
  FakeTpm& operator=(const FakeTpm&) = delete;

  const std::string& path() const { return path_; }
  Bytes asked() {
    worker_.join();
    worker_ = std::thread([] {});
    return asked_;
  }

 private:
  void serve(const std::vector<Bytes>& pieces) {
    while (asked_.size() < kQuestion.size()) {
      pollfd waiting{master_, POLLIN, 0};
      const auto patience = std::chrono::milliseconds(kGenerous).count();
      if (::poll(&waiting, 1, static_cast<int>(patience)) <= 0) return;
      Bytes chunk(64);
      const auto count = ::read(master_, chunk.data(), chunk.size());
      if (count <= 0) return;
      asked_.insert(asked_.end(), chunk.begin(), chunk.begin() + count);
    }
    for (const auto& piece : pieces)
      EXPECT_EQ(::write(master_, piece.data(), piece.size()), static_cast<ssize_t>(piece.size()));
  }

  int master_;
  int slave_ = -1;
  std::string path_;
  Bytes asked_;
  std::thread worker_;
};

// SPEC REQ-2
TEST(Tpm, TellsItsEndorsementKey) {
  FakeTpm tpm({good_answer()});
  EXPECT_EQ(read_endorsement_key(tpm.path(), kGenerous), kPublic);
  EXPECT_EQ(tpm.asked(), kQuestion);
}

TEST(Tpm, MayAnswerInPieces) {
  const auto whole = good_answer();
  std::vector<Bytes> pieces;
  for (const auto byte : whole) pieces.push_back({byte});
  FakeTpm tpm(pieces);
  EXPECT_EQ(read_endorsement_key(tpm.path(), kGenerous), kPublic);
}

// SPEC REQ-2: it is told like the other factors, and not in the clear.
TEST(Tpm, IsAFactorOfTheMachine) {
  const TempDir dir;
  FakeTpm tpm({good_answer()});
  const auto machine =
      read_machine_factors({dir.path() / "id", dir.path() / "dmi", "", tpm.path()});
  EXPECT_EQ(machine.values,
            (std::map<std::string, std::string>{{"tpm-ek", content_hash(kPublic)}}));
  EXPECT_TRUE(machine.unreadable.empty());
}

// SPEC SEC-3
TEST(Tpm, WhatIsNoAnswerIsNoFactor) {
  const auto area = hex16(kPublic.size()) + to_hex(kPublic);
  const struct {
    const char* what;
    Bytes bytes;
    TpmFault fault;
  } rows[] = {
      {"nothing at the handle", answer("0000018b", ""), TpmFault::absent},
      {"not started", answer("00000100", ""), TpmFault::absent},
      {"TPM 1.2", answer("0000001e", "", {}, "00c4"), TpmFault::absent},
      {"another tag", answer("00000000", area, {}, "8002"), TpmFault::no_answer},
      {"no public area", answer("00000000", ""), TpmFault::no_answer},
      {"empty public area", answer("00000000", "0000"), TpmFault::no_answer},
      {"public area beyond the end", answer("00000000", "ffff" + to_hex(kPublic)),
       TpmFault::no_answer},
      {"size below its header", answer("00000000", area, 9), TpmFault::no_answer},
      {"size beyond all bounds", answer("00000000", area, 4097), TpmFault::no_answer},
      {"more than it said", answer("00000000", area, 12), TpmFault::no_answer},
  };
  for (const auto& row : rows) {
    FakeTpm tpm({row.bytes});
    const auto key = read_endorsement_key(tpm.path(), kGenerous);
    ASSERT_FALSE(key) << row.what;
    EXPECT_EQ(key.error(), row.fault) << row.what;
  }
}

TEST(Tpm, ASilentOneIsGivenUp) {
  for (const auto& pieces :
       {std::vector<Bytes>{}, {Bytes{0x80, 0x01}}, {answer("00000000", "", 99)}}) {
    FakeTpm tpm(pieces);
    EXPECT_EQ(read_endorsement_key(tpm.path(), kShort).error(), TpmFault::no_answer);
  }
}

TEST(Tpm, NoneIsAbsent) {
  const TempDir dir;
  EXPECT_EQ(read_endorsement_key(dir.path() / "tpmrm0", kGenerous).error(), TpmFault::absent);
}

TEST(Tpm, OneThatMayNotBeOpenedIsUnreadable) {  // SPEC SEC-1
  const TempDir dir;
  const auto device = dir.path() / "tpmrm0";
  std::ofstream(device) << "";
  std::filesystem::permissions(device, std::filesystem::perms::none);
  const Unprivileged nobody;
  EXPECT_EQ(read_endorsement_key(device, kGenerous).error(), TpmFault::refused);
  EXPECT_EQ(read_machine_factors({"/nowhere", "/nowhere", "", device}).unreadable,
            std::vector<std::string>{"tpm-ek"});
}

}  // namespace
}  // namespace latchkey::test
