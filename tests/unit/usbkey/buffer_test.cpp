#include "core/usbkey/buffer.h"

#include <gtest/gtest.h>

namespace latchkey {
namespace {

constexpr Time kStart{std::chrono::hours(24 * 365 * 56)};
constexpr Duration kSecond = std::chrono::seconds(1);

Time day(int days) { return kStart + days * kDay; }

// SPEC BUF-2, BUF-3, BUF-4
TEST(Buffer, LengthByTheRemovalBefore) {
  const RemovalHistory before{1, day(0), day(30)};
  struct Row {
    const RemovalHistory* history;
    Time removal;
    Time until;
  };
  const Row table[] = {
      {nullptr, day(0), day(30)},
      {&before, day(29), day(30)},
      {&before, day(30), day(30)},
      {&before, day(59), day(30)},
      {&before, day(60) - kSecond, day(30)},
      {&before, day(60), day(120)},
      {&before, day(60) + kSecond, day(120) + kSecond},
  };
  for (const auto& row : table)
    EXPECT_EQ(forecast_removal(row.history, row.removal).until(row.removal), row.until)
        << format_time(row.removal);
}

// SPEC BUF-6: each entry ends at its own expiry, under the buffer's end
TEST(Buffer, EntriesEndAtTheirOwnExpiry) {
  const LicenseSummary license{"d", "l", day(0), {{day(0), day(10)}, {day(20), day(40)}}};
  EXPECT_EQ(entries_until(license), day(40));
  EXPECT_EQ(entries_until(license, day(30)), day(30));
  EXPECT_EQ(entries_until(license, day(50)), day(40));
  struct Row {
    Time now;
    bool free, bridged;  // without a buffer; with one until day 30
  };
  const Row table[] = {
      {day(0) - kSecond, false, false}, {day(0), true, true},    {day(10) - kSecond, true, true},
      {day(10), false, false},          {day(20), true, true},   {day(30) - kSecond, true, true},
      {day(30), true, false},           {day(40), false, false},
  };
  for (const auto& row : table) {
    EXPECT_EQ(usable(license, row.now), row.free) << format_time(row.now);
    EXPECT_EQ(usable(license, row.now, day(30)), row.bridged) << format_time(row.now);
  }
}

}  // namespace
}  // namespace latchkey
