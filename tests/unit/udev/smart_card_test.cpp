#include <gmock/gmock.h>

#include <cerrno>

#include "tests/unit/udev/monitor_fixture.h"

// Devices with a smart-card interface (USB class 0x0B), recognised by that alone.
namespace latchkey::udev {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SmartCardTest : public MonitorTest {
 protected:
  static MockHid token() { return {.bus_path = "1-1.2", .vendor = "1050", .product = "0407"}; }

  /// A FIDO interface beside the smart card, as most tokens have.
  static MockHid fido_of(const MockHid& device) {
    auto fido = device;
    fido.interface_number = 1;
    fido.report_descriptor = "06D0F10901A101";
    return fido;
  }
  void plug(const MockHid& device) {
    bus.add_usb(device);
    bus.add_interface(device, "0b");
    bus.usb_event(device, "bind");
  }
  void pull(const MockHid& device) {
    bus.usb_event(device, "remove");
    bus.vanish(device);
  }
};

// SPEC KEY-13
TEST_F(SmartCardTest, ReportsPlugAndPullOfAnyToken) {
  start();
  plug(token());
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:7"));
  EXPECT_EQ(journal.last,
            (DeviceRef{.port = "1-1.2:7", .node = "/dev/bus/usb/001/007", .driver = "piv"}));
  pull(token());
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("-1-1.2:7"));
}

TEST_F(SmartCardTest, ReportsATokenPluggedInBeforeTheStart) {
  plug(token());
  monitor->start();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:7", "settled"));
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), IsEmpty());
}

// The kernel makes the interfaces when it sets the configuration, and binds the device after that.
TEST_F(SmartCardTest, CountsWhenItsConfigurationIsSet) {
  start();
  bus.add_usb(token());
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), IsEmpty());
  bus.add_interface(token(), "0b");
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), IsEmpty());
  bus.usb_event(token(), "bind");
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:7"));
}

TEST_F(SmartCardTest, TheRescanFindsAConfigurationWhoseEventWasLost) {
  start();
  bus.add_usb(token());
  monitor->handle_readable();
  bus.add_interface(token(), "0b");
  monitor->rescan();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:7"));
}

TEST_F(SmartCardTest, TheRescanFindsALostRemoval) {
  plug(token());
  monitor->start();
  journal.take();
  bus.vanish(token());
  monitor->rescan();
  EXPECT_THAT(journal.take(), ElementsAre("-1-1.2:7"));
}

TEST_F(SmartCardTest, FullReceiveBufferLeadsToARescan) {
  start();
  faults.receive_error = ENOBUFS;
  plug(token());
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:7"));
}

// One key is one USB device, whichever interface is seen first.
TEST_F(SmartCardTest, ACompositeTokenIsOneKey) {
  start();
  for (const bool card_first : {true, false}) {
    SCOPED_TRACE(card_first ? "card first" : "FIDO first");
    bus.add_usb(token());
    if (card_first) bus.add_interface(token(), "0b");
    bus.add_hid(fido_of(token()));
    if (!card_first) bus.add_interface(token(), "0b");
    monitor->handle_readable();
    bus.usb_event(token(), "bind");
    bus.event(fido_of(token()), "change");
    monitor->handle_readable();
    monitor->rescan();
    EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:7"));

    bus.event(fido_of(token()),
              "remove");  // the kernel tells of each interface, then of the device
    monitor->handle_readable();
    EXPECT_THAT(journal.take(), IsEmpty());
    pull(token());
    monitor->handle_readable();
    EXPECT_THAT(journal.take(), ElementsAre("-1-1.2:7"));
  }
}

// A HID key of the list is one, even while only its smart card is to be seen.
TEST_F(SmartCardTest, AHidKeyWithASmartCardIsAHidKey) {
  const MockHid key{.interface_number = 1};
  const MockHid card;
  start();
  for (const bool card_first : {true, false}) {
    SCOPED_TRACE(card_first ? "card first" : "HID first");
    bus.add_usb(key);
    if (card_first) bus.add_interface(card, "0b");
    bus.usb_event(key, "bind");
    monitor->handle_readable();
    monitor->rescan();
    EXPECT_THAT(journal.take(), IsEmpty());
    bus.add_hid(key);
    if (!card_first) bus.add_interface(card, "0b");
    monitor->handle_readable();
    monitor->rescan();
    EXPECT_THAT(journal.take(), ElementsAre("+1-1:7"));
    EXPECT_EQ(journal.last.driver, "hidkey");
    bus.pull(key);
    monitor->handle_readable();
    EXPECT_THAT(journal.take(), ElementsAre("-1-1:7"));
  }
}

TEST_F(SmartCardTest, OtherDevicesAreNone) {
  const struct {
    const char* what;
    const char* interface_class;
  } cases[] = {
      {"mass-storage stick", "08"}, {"hub", "09"}, {"serial port", "02"}, {"printer", "07"},
      {"vendor's own", "ff"},
  };
  start();
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    bus.add_usb(token());
    bus.add_interface(token(), c.interface_class);
    bus.usb_event(token(), "bind");
    monitor->handle_readable();
    monitor->rescan();
    pull(token());
    monitor->handle_readable();
    EXPECT_THAT(journal.take(), IsEmpty());
  }
}

TEST_F(SmartCardTest, AKeyboardIsNone) {
  auto keyboard = token();
  keyboard.report_descriptor = "05010906A101";
  start();
  bus.plug(keyboard);
  bus.usb_event(keyboard, "bind");
  monitor->handle_readable();
  monitor->rescan();
  EXPECT_THAT(journal.take(), IsEmpty());
}

TEST_F(SmartCardTest, AHubIsNotWhatIsPluggedIntoIt) {
  const MockHid hub{.bus_path = "1-1", .number = 3, .vendor = "1d6b", .product = "0002"};
  auto behind = token();
  behind.hub = hub.bus_path;
  start();
  bus.add_usb(hub);
  bus.add_interface(hub, "09");
  bus.add_usb(behind);
  bus.add_interface(behind, "0b");
  bus.usb_event(hub, "change");
  bus.usb_event(hub, "bind");
  monitor->handle_readable();
  monitor->rescan();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:7"));
}

// Another configuration may lack the interface.
TEST_F(SmartCardTest, ATokenWithoutAConfigurationIsGone) {
  plug(token());
  monitor->start();
  journal.take();
  bus.drop_interface(token());
  bus.usb_event(token(), "unbind");
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("-1-1.2:7"));
}

// SPEC KEY-3 no-permission: the usbfs node has its group only when udevd is done with it.
TEST_F(SmartCardTest, WaitsUntilUdevHasSetTheRights) {
  faults.initialized = false;
  plug(token());
  start();
  faults.initialized = true;
  bus.usb_event(token(), "bind");
  monitor->handle_readable();
  EXPECT_THAT(journal.take(), ElementsAre("+1-1.2:7"));
}

}  // namespace
}  // namespace latchkey::udev
