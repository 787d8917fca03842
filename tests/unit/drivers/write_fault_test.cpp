#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>

#include "tests/support/piv_token.h"
#include "tests/unit/drivers/hid_key_fixture.h"

// SPEC LIC-8: whatever ends the writing of a license, at every packet to or from the key: the key
// delivers the old license or the new one, never none, and the next writes succeed.
namespace latchkey::test {
namespace {

enum class Fault {
  yank,        ///< unplugged and plugged in again
  power_loss,  ///< a fresh start from what was durable at that instant
  host_death,  ///< kill -9: the key keeps all that it has in memory; another host comes
};

/// A key under test, of either kind. `packets` are those of its wire: HID reports in both
/// directions, command APDUs.
class Victim {
 public:
  virtual ~Victim() = default;
  /// A new host, from which nothing gets through once `most` packets have passed.
  virtual std::unique_ptr<Key> host(std::size_t most = SIZE_MAX) = 0;
  virtual void strike(Fault fault) = 0;
  /// Packets that the last host exchanged.
  std::size_t packets() const { return packets_; }

 protected:
  std::size_t packets_ = 0;
};

/// A HID key without a port between. Time is virtual: waiting costs none.
class WirePipe final : public ReportPipe {
 public:
  WirePipe(emulator::HidDevice& device, Deadline& now, std::size_t most, std::size_t& packets)
      : device_(device), now_(now), most_(most), packets_(packets) {}

  KeyResult<void> write(const Report& report, Deadline) override {
    LK_CHECK(pass());
    device_.write(kEndpoint, report, now_);
    return {};
  }
  KeyResult<Report> read(Deadline deadline) override {
    const auto real_now = std::chrono::steady_clock::now();
    const auto end = deadline > real_now ? now_ + (deadline - real_now) : now_;
    for (;;) {
      if (packets_ >= most_) return key_fail(KeyError::Kind::gone, "cut");
      if (const auto bytes = device_.read(kEndpoint, now_)) {
        ++packets_;
        Report report{};
        std::ranges::copy(*bytes, report.begin());
        return report;
      }
      const auto due = device_.next_due(kEndpoint);
      if (!due || *due > end) break;
      now_ = std::max(now_, *due);
    }
    now_ = end;
    return key_fail(KeyError::Kind::timeout, "no answer");
  }
  void cancel() noexcept override {}

 private:
  static constexpr auto kEndpoint = emulator::Device::kKeyEndpoint;
  KeyResult<void> pass() {
    if (packets_ >= most_) return key_fail(KeyError::Kind::gone, "cut");
    ++packets_;
    return {};
  }
  emulator::HidDevice& device_;
  Deadline& now_;
  std::size_t most_;
  std::size_t& packets_;
};

class HidVictim final : public Victim {
 public:
  std::unique_ptr<Key> host(std::size_t most = SIZE_MAX) override {
    packets_ = 0;
    return std::make_unique<hidkey::HidKey>(
        std::make_unique<WirePipe>(flash_.device(), now_, most, packets_),
        std::make_shared<hidkey::ContentCache>());
  }
  void strike(Fault fault) override {
    if (fault == Fault::yank) flash_.device().attach();
    if (fault == Fault::power_loss) flash_.power_cycle();
  }

 private:
  FlashKey flash_;
  Deadline now_ = std::chrono::steady_clock::now();
};

class PivVictim final : public Victim {
 public:
  explicit PivVictim(std::size_t max_command) : token_(prepared()), max_command_(max_command) {}

  std::unique_ptr<Key> host(std::size_t most = SIZE_MAX) override {
    packets_ = 0;
    auto reader = token_.reader(max_command_);
    reader->on_command = [this, raw = reader.get(), most] {
      raw->gone = packets_ >= most;
      if (!raw->gone) ++packets_;
    };
    return std::make_unique<piv::PivKey>(std::move(reader), PivToken::factory_keys());
  }
  void strike(Fault fault) override {
    if (fault == Fault::yank) token_.card().reset();
    if (fault == Fault::power_loss) token_.power_cycle();
  }

 private:
  static const emulator::piv::PivState& prepared() {
    static const auto state = [] {
      PivToken token;
      token.make_key();
      return token.flash;
    }();
    return state;
  }
  PivToken token_;
  std::size_t max_command_;
};

/// What deflate makes no smaller, so that it takes the packets it seems to.
Bytes license(std::size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(generator());
  return out;
}

struct Row {
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
  const char* name;
  std::function<std::unique_ptr<Victim>()> make;
  std::size_t size;           ///< of a license
  std::size_t least_packets;  ///< of one write: else the row does not do what its name says
};

std::unique_ptr<Victim> hid() { return std::make_unique<HidVictim>(); }
std::unique_ptr<Victim> piv_extended() { return std::make_unique<PivVictim>(PivToken::kExtended); }
std::unique_ptr<Victim> piv_short() { return std::make_unique<PivVictim>(PivToken::kShort); }

const Row kRows[] = {
    {"HidOneMessage", hid, 40, 10},
    {"HidSeveralPackets", hid, 700, 30},
    {"HidSeveralMessages", hid, 3200, 110},
    {"PivOneExtendedCommand", piv_extended, 1200, 9},
    {"PivLongerThanOneCommand", piv_extended, 2500, 18},
    {"PivShortChained", piv_short, 1200, 18},
    {"PivShortOneCommand", piv_short, 100, 10},
};

class WriteFault : public ::testing::TestWithParam<std::tuple<Row, Fault, std::size_t>> {
 protected:
  const Row& row() const { return std::get<0>(GetParam()); }
  Bytes numbered(unsigned number) const { return license(row().size, number); }

  /// A key that was written `before` times, and is written once more until `most` packets have
  /// passed.
  struct Cut {
    std::unique_ptr<Victim> victim;
    bool whole = false;
    std::size_t packets = 0;
  };
  Cut cut_write(unsigned before, std::size_t most) const {
    Cut out{row().make(), false, 0};
    for (unsigned i = 1; i <= before; ++i)
      EXPECT_TRUE(out.victim->host()->write_license(numbered(i), soon()));
    out.whole = out.victim->host(most)->write_license(numbered(before + 1), soon()).has_value();
    out.packets = out.victim->packets();
    return out;
  }

  void expect_old_or_new(Victim& victim, unsigned before, bool whole) const {
    const auto found = victim.host()->read_license(soon());
    if (!found) {
      EXPECT_EQ(found.error().kind, KeyError::Kind::unprovisioned) << found.error().detail;
      EXPECT_TRUE(before == 0 && !whole) << "no license";
      return;
    }
    EXPECT_TRUE(*found == numbered(before + 1) ||
                (!whole && before > 0 && *found == numbered(before)));
  }
};

TEST_P(WriteFault, LeavesTheOldLicenseOrTheNew) {
  const auto fault = std::get<1>(GetParam());
  const auto before = static_cast<unsigned>(std::get<2>(GetParam()));
  const auto all = cut_write(before, SIZE_MAX).packets;
  ASSERT_GE(all, row().least_packets);
  RecordProperty("cuts", static_cast<int>(all + 1));
  for (std::size_t most = 0; most <= all; ++most) {
    SCOPED_TRACE("cut after packet " + std::to_string(most) + " of " + std::to_string(all));
    const auto cut = cut_write(before, most);
    EXPECT_EQ(cut.whole, most == all);
    cut.victim->strike(fault);
    expect_old_or_new(*cut.victim, before, cut.whole);
    for (const unsigned next : {before + 2, before + 3}) {
      const auto written = cut.victim->host()->write_license(numbered(next), soon());
      ASSERT_TRUE(written) << written.error().detail;
      EXPECT_EQ(cut.victim->host()->read_license(soon()).value(), numbered(next));
    }
  }
}

std::string name_of(const ::testing::TestParamInfo<WriteFault::ParamType>& entry) {
  constexpr std::array kFaults{"Yank", "PowerLoss", "HostDeath"};
  const auto& [row, fault, before] = entry.param;
  return std::string(row.name) + kFaults[static_cast<std::size_t>(fault)] + "Over" +
         std::to_string(before);
}

// A first license, one beside it, and one over the first.
INSTANTIATE_TEST_SUITE_P(Table, WriteFault,
                         ::testing::Combine(::testing::ValuesIn(kRows),
                                            ::testing::Values(Fault::yank, Fault::power_loss,
                                                              Fault::host_death),
                                            ::testing::Values(0U, 1U, 2U)),
                         name_of);

}  // namespace
}  // namespace latchkey::test
