#include <gmock/gmock.h>
#include <poll.h>

#include <cerrno>

#include "tests/unit/udev/monitor_fixture.h"

namespace latchkey::udev {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// SPEC KEY-13
TEST_F(MonitorTest, ReportsKeysPluggedInBeforeTheStart) {
  bus.plug({});
  monitor->start();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1:7", "settled"));
  monitor->handle_readable();  // the event of the same insertion
  EXPECT_THAT(journal.take(), IsEmpty());
}

TEST_F(MonitorTest, ReportsPlugAndPull) {
  start();
  const MockHid key{.bus_path = "1-1.2", .number = 12, .hidraw = 3};
  bus.plug(key);
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:12"));
  EXPECT_EQ(journal.last,
            (DeviceRef{.port = "1-1.2:12", .node = "/dev/hidraw3", .driver = "hidkey"}));
  bus.pull(key);
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("-1-1.2:12"));
}

TEST_F(MonitorTest, ReadableExactlyWhileEventsWait) {
  start();
  const auto readable = [&] {
    pollfd waiting{.fd = monitor->fd(), .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, 0) == 1;
  };
  EXPECT_FALSE(readable());
  bus.plug({});
  EXPECT_TRUE(readable());
  monitor->handle_readable();
  EXPECT_FALSE(readable());
}

// SPEC KEY-13: an event only says "look again".
TEST_F(MonitorTest, DropsDuplicateEvents) {
  start();
  const MockHid key;
  bus.plug(key);
  for (const char* action : {"add", "bind", "change", "add"}) bus.event(key, action);
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1:7"));
  for (const char* action : {"remove", "remove", "change"}) bus.event(key, action);
  bus.vanish(key);
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("-1-1:7"));
}

// The kernel sends "remove" while the sysfs entry still stands.
TEST_F(MonitorTest, BelievesARemovalBeforeThePathIsGone) {
  const MockHid key;
  bus.plug(key);
  monitor->start();
  journal.take();
  bus.event(key, "remove");
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("-1-1:7"));
}

// SPEC KEY-13: the rescan catches lost events.
TEST_F(MonitorTest, RescanFindsWhatEventsLost) {
  start();
  const MockHid first;
  const MockHid second{.bus_path = "1-2", .number = 8, .hidraw = 1};
  faults.receive_error = EAGAIN;
  bus.plug(first);
  monitor->handle_readable();
  ASSERT_THAT(journal.take(), IsEmpty());
  monitor->rescan();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1:7"));

  faults.receive_error = EAGAIN;
  bus.plug(second);
  bus.vanish(first);
  monitor->handle_readable();
  ASSERT_THAT(journal.take(), IsEmpty());
  monitor->rescan();
  EXPECT_THAT(journal.take(), ElementsAre("-1-1:7", "+1-2:8"));
  monitor->rescan();
  EXPECT_THAT(journal.take(), IsEmpty());
}

TEST_F(MonitorTest, FullReceiveBufferLeadsToARescan) {
  start();
  faults.receive_error = ENOBUFS;
  bus.plug({});
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1:7"));
}

// libudev answers EAGAIN for a forged message, which must not look like an empty socket.
TEST_F(MonitorTest, RefusedMessageDoesNotHideTheNext) {
  start();
  bus.plug({});
  bus.event({}, "change");
  faults.refused_messages = 1;
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1:7"));
}

// SPEC KEY-11: whether that counts as a removal is not the monitor's decision.
TEST_F(MonitorTest, ReenumerationIsANewInsertion) {
  const MockHid before;
  const MockHid after{.number = 8};
  bus.plug(before);
  monitor->start();
  journal.take();
  bus.vanish(before);
  bus.plug(after);
  monitor->rescan();
  EXPECT_THAT(journal.take(), ElementsAre("-1-1:7", "+1-1:8"));
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), IsEmpty());
}

TEST_F(MonitorTest, IgnoresForeignDevices) {
  const struct {
    const char* why;
    MockHid device;
  } cases[] = {
      {"other vendor", {.vendor = "046d"}},
      {"other product", {.product = "0011"}},
      {"no vendor id", {.vendor = ""}},
      {"vendor id that is no number", {.vendor = "1209x"}},
      {"keyboard half of a composite key", {.report_descriptor = "05010906A101"}},
      {"empty report descriptor", {.report_descriptor = ""}},
      {"truncated report descriptor", {.report_descriptor = "065AFF09"}},
      {"another project's use of the test pair", {.report_descriptor = "0600FF0901A101"}},
  };
  start();
  for (const auto& [why, device] : cases) {
    SCOPED_TRACE(why);
    bus.plug(device);
    monitor->handle_readable();
    EXPECT_THAT(journal.take(), IsEmpty());
    bus.pull(device);
    monitor->rescan();
    EXPECT_THAT(journal.take(), IsEmpty());
  }
}

TEST_F(MonitorTest, OneKeyWithTwoInterfacesIsReportedOnce) {
  const MockHid first;
  const MockHid second{.interface_number = 1, .hidraw = 1};
  bus.plug(first);
  bus.add_hid(second);
  monitor->start();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1:7", "settled"));
}

// A node seen before udevd set its group would be taken for one without permission (SPEC KEY-3).
TEST_F(MonitorTest, WaitsUntilUdevHasSetTheRights) {
  faults.initialized = false;
  bus.plug({});
  monitor->start();
  EXPECT_THAT(journal.take(), ElementsAre("settled"));
  faults.initialized = true;
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1:7"));
}

TEST_F(MonitorTest, WithoutUdevdRightsAreAsTheyAre) {
  faults.initialized = false;
  faults.udevd_running = false;
  bus.plug({});
  monitor->start();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1:7", "settled"));
}

}  // namespace
}  // namespace latchkey::udev
