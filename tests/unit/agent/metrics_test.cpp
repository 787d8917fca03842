#include "agent/app/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latchkey {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Time kNow{std::chrono::hours(24 * 365 * 56)};

LicenseEntry entry(Time ends, std::string object) {
  return {std::move(object), "cpu-socket", 10, EntryKind::base, {kNow - kDay, ends}, {}};
}

/// One license with the same entry twice, one that has ended, and one that counts for nothing.
StatusView view_of_licenses() {
  LicenseDocument document;
  document.id = "L-1";
  document.entries = {entry(kNow + kDay, "kvm"), entry(kNow + kDay, "kvm"),
                      entry(kNow - std::chrono::seconds(90), "zns"), entry(kNow + kDay, "odd")};
  const auto license = std::make_shared<const StoredLicense>(StoredLicense{"hash", document});
  StatusView view;
  view.decision.at = kNow;
  for (const auto& one : license->document.entries)
    view.entitlements.entries.push_back(
        {license, &one, LicenseSource::file, one.validity.not_after, EntryStatus::valid, ""});
  view.entitlements.entries[2].status = EntryStatus::expired;
  view.entitlements.entries[3].status = EntryStatus::superseded;
  view.entitlements.usable = true;
  view.capacity = capacity(view.entitlements, {}, default_catalog());
  return view;
}

// SPEC ALERT-2: seconds to expiry per entry, each a series of its own
TEST(Metrics, CountDownEveryEntry) {
  const auto text = metrics_text(view_of_licenses(), kNow + std::chrono::seconds(400));
  const std::string start = "latchkey_entry_expiry_seconds{license=\"L-1\",entry=\"";
  EXPECT_THAT(text, HasSubstr(start + "0\",object=\"kvm\",unit=\"cpu-socket\"} 86000\n"));
  EXPECT_THAT(text, HasSubstr(start + "1\",object=\"kvm\",unit=\"cpu-socket\"} 86000\n"));
  EXPECT_THAT(text, HasSubstr(start + "2\",object=\"zns\",unit=\"cpu-socket\"} -490\n"));
  EXPECT_THAT(text, Not(HasSubstr(start + "3")));
  EXPECT_THAT(text, HasSubstr("latchkey_pool_total{object=\"kvm\",unit=\"cpu-socket\"} 20\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_usable 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_key_state{state=\"Missing\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("latchkey_key_state{state=\"Ready\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("latchkey_buffer_seconds_left")));
}

TEST(Metrics, ABufferThatIsOverHasNothingLeft) {
  StatusView view;
  view.decision.buffer =
      Buffer{"K", {"d", "L", kNow, {{kNow, kNow + 9 * kDay}}}, kNow, kNow + kDay};
  EXPECT_THAT(metrics_text(view, kNow), HasSubstr("latchkey_buffer_seconds_left 86400\n"));
  EXPECT_THAT(metrics_text(view, kNow + 2 * kDay), HasSubstr("latchkey_buffer_seconds_left 0\n"));
}

// SPEC SEC-3: a name cannot forge a series.
TEST(Metrics, QuoteWhatOthersNamed) {
  StatusView view;
  view.alerts = {{"a\"} 1\nforged\\", Severity::warning, kNow, {}, "", ""}};
  EXPECT_THAT(metrics_text(view, kNow),
              HasSubstr("latchkey_alert{id=\"a\\\"} 1\\nforged\\\\\",severity=\"warning\"} 1\n"));
}

}  // namespace
}  // namespace latchkey
