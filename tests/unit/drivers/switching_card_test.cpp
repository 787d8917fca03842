#include "drivers/card/switching_card.h"

#include <gtest/gtest.h>

#include "tests/support/fake_pcsc.h"
#include "tests/unit/drivers/ccid_slot.h"

namespace latchkey::test {
namespace {

using pcsc::Code;
using Kind = KeyError::Kind;

struct Both {
  Both() {
    auto pcscd = std::make_unique<pcsc::PcscCard>(
        FakePcsc::api(), kTokenChannel,
        pcsc::DeviceFacts{[] { return false; }, [] { return true; }});
    card = std::make_unique<SwitchingCard>(SwitchingCard::Ways{
        [this] { return listens; }, std::move(pcscd), [this] { return open_usb(); }});
  }
  KeyResult<std::unique_ptr<Card>> open_usb() {
    if (open_error) return key_fail(*open_error, "USB: open");
    auto reader = std::make_unique<FakeReader>();
    reader->busy = claimed;
    usb = reader.get();
    return std::make_unique<ccid::CcidCard>(std::move(reader), "USB");
  }

  FakePcsc fake;
  bool listens = true;
  bool claimed = false;  ///< by another program
  std::optional<Kind> open_error;
  FakeReader* usb = nullptr;
  std::unique_ptr<SwitchingCard> card;
};

TEST(SwitchingCard, GoesWithPcscdAsItComesAndGoes) {
  Both both;
  for (const auto& [listens, way] : {std::pair{true, "PC/SC (pcscd)"}, std::pair{false, "USB"},
                                     std::pair{true, "PC/SC (pcscd)"}}) {
    both.listens = listens;
    ASSERT_TRUE(both.card->begin(soon()));
    EXPECT_EQ(both.card->way(), way);
    EXPECT_TRUE(both.card->transmit(kApdu, soon()));
    both.card->end(Leave::as_is);
  }
  EXPECT_FALSE(both.usb->claimed);
}

struct ChoiceRow {
  std::string name;
  std::function<void(Both&)> change;
  std::string way;            ///< of success
  std::optional<Kind> kind;   ///< of failure
  std::string_view detail{};  ///< what its detail has to name
};

// SPEC KEY-3: the reason is that of whoever holds the key.
TEST(SwitchingCard, ChoosesAndSaysWhoHoldsTheKey) {
  const ChoiceRow rows[] = {
      {"pcscd does not know the token", [](Both& b) { b.fake.set_readers({}); }, "USB", {}},
      {"pcscd refuses us and does not have the token",
       [](Both& b) { b.fake.fail("establish", {Code::comm_error}); },
       "USB",
       {}},
      {"pcscd refuses us and has the token",
       [](Both& b) {
         b.fake.fail("establish", {Code::comm_error});
         b.claimed = true;
       },
       "", Kind::no_permission, "polkit"},
      {"somebody else has it",
       [](Both& b) {
         b.listens = false;
         b.claimed = true;
       },
       "", Kind::busy, "claimed"},
      {"no rights to the node",
       [](Both& b) {
         b.listens = false;
         b.open_error = Kind::no_permission;
       },
       "", Kind::no_permission, "USB"},
      {"no rights to the node, which pcscd serves",
       [](Both& b) { b.open_error = Kind::no_permission; },
       "PC/SC (pcscd)",
       {}},
      {"no card, says pcscd", [](Both& b) { b.fake.fail("connect", {Code::no_smartcard}); }, "",
       Kind::not_a_key, "PC/SC"},
  };
  for (const auto& row : rows) {
    Both both;
    row.change(both);
    const auto limits = both.card->begin(soon());
    EXPECT_EQ(limits.has_value(), !row.kind) << row.name;
    if (limits) {
      EXPECT_EQ(both.card->way(), row.way) << row.name;
    } else {
      EXPECT_EQ(limits.error().kind, row.kind) << row.name;
      EXPECT_NE(limits.error().detail.find(row.detail), std::string::npos) << limits.error().detail;
    }
  }
}

TEST(SwitchingCard, CancelHoldsForAWayThatIsOpenedLater) {
  Both both;
  both.listens = false;
  both.card->cancel();
  EXPECT_EQ(both.card->begin(soon()).error().kind, Kind::gone);
  both.listens = true;
  EXPECT_EQ(both.card->begin(soon()).error().kind, Kind::gone);
}

}  // namespace
}  // namespace latchkey::test
