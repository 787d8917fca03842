#include "drivers/usb/bulk_pipe.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "drivers/usb/emulated_bulk_pipe.h"
#include "drivers/usb/emulated_port_monitor.h"
#include "drivers/usb/libusb_bulk_pipe.h"
#include "drivers/usb/usb_node.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unprivileged.h"
#include "tests/unit/drivers/samples.h"

namespace latchkey::test {
namespace {

using namespace std::chrono_literals;
using Kind = KeyError::Kind;

struct OpenRow {
  std::string node;
  Kind kind;
};

// SPEC KEY-3
TEST(LibusbBulkPipe, OpeningTellsTheReasonsApart) {
  const TempDir dir;
  const auto forbidden = (dir.path() / "001").string();
  std::ofstream(forbidden).close();
  ASSERT_EQ(::chmod(forbidden.c_str(), 0), 0);
  const Unprivileged unprivileged;
  for (const auto& row :
       {OpenRow{"/dev/bus/usb/999/999", Kind::gone}, OpenRow{forbidden, Kind::no_permission},
        OpenRow{"/dev/null", Kind::protocol}}) {
    const auto pipe = LibusbBulkPipe::open(row.node);
    ASSERT_FALSE(pipe) << row.node;
    EXPECT_EQ(pipe.error().kind, row.kind) << pipe.error().detail;
    EXPECT_TRUE(pipe.error().detail.starts_with("USB: ")) << pipe.error().detail;
  }
}

TEST(UsbNode, OnlyAUsbDeviceSaysHowLongItHasBeenThere) {
  for (const char* node : {"/dev/bus/usb/999/999", "/dev/null", "/etc/passwd", ""})
    EXPECT_FALSE(connected_for(node)) << node;
}

/// The other end of an emulated port, one connection at a time.
class Port {
 public:
  Port() : listener_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::listen(listener_.get(), 4), 0);
  }
  std::string path() const { return (dir_.path() / "port").string(); }
  std::string node() const { return path() + "#token"; }

  /// Accepts, reads the request, answers.
  nlohmann::json serve(const std::string& answer) {
    connection_ = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const auto request = receive();
    send(as_bytes(answer));
    return nlohmann::json::parse(as_text(request));
  }
  void send(ByteView packet) { EXPECT_EQ(send_packet(connection_.get(), packet), 0); }
  Bytes receive() {
    pollfd readable{connection_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&readable, 1, 5000), 1);
    return receive_packet(connection_.get(), 4096).value();
  }
  void unplug() { connection_ = Fd(); }

 private:
  TempDir dir_;
  Fd listener_;
  Fd connection_;
};

std::string opened(ByteView descriptor) {
  return nlohmann::json{{"opened", true}, {"descriptor", to_base64(descriptor)}}.dump();
}

/// A pipe on the port, claimed.
std::unique_ptr<BulkPipe> claimed(Port& port, ByteView descriptor) {
  std::unique_ptr<BulkPipe> pipe;
  std::jthread opener([&] {
    pipe = EmulatedBulkPipe::open(port.node()).value();
    EXPECT_TRUE(pipe->claim(soon()));
  });
  EXPECT_EQ(port.serve(opened(descriptor)), (nlohmann::json{{"op", "open"}, {"id", "token"}}));
  port.serve(opened(descriptor));
  opener.join();
  return pipe;
}

TEST(EmulatedBulkPipe, CarriesOneTransferPerPacket) {
  Port port;
  const Bytes descriptor(54, 7);
  const auto pipe = claimed(port, descriptor);
  EXPECT_EQ(Bytes(pipe->class_descriptor().begin(), pipe->class_descriptor().end()), descriptor);
  EXPECT_TRUE(pipe->write(Bytes(3072, 1), soon()));
  EXPECT_EQ(port.receive(), Bytes(3072, 1));
  port.send(Bytes(64, 2));
  EXPECT_EQ(pipe->read(100, soon()).value(), Bytes(64, 2));
  port.send(Bytes(101, 3));
  EXPECT_EQ(pipe->read(100, soon()).error().kind, Kind::protocol);
  EXPECT_EQ(pipe->read(100, in(5ms)).error().kind, Kind::timeout);
}

TEST(EmulatedBulkPipe, EndsWithGoneWhenUnpluggedOrCancelled) {
  Port port;
  const auto pipe = claimed(port, Bytes(54));
  port.unplug();
  EXPECT_EQ(pipe->read(100, soon()).error().kind, Kind::gone);
  const auto other = claimed(port, Bytes(54));
  std::jthread canceller([&] {
    std::this_thread::sleep_for(10ms);
    other->cancel();
  });
  EXPECT_EQ(other->read(100, soon()).error().kind, Kind::gone);
  other->release();
  EXPECT_EQ(other->claim(soon()).error().kind, Kind::gone);
}

struct AnswerRow {
  std::string answer;
  Kind kind;
};

// SPEC KEY-3, SEC-3
TEST(EmulatedBulkPipe, RefusalsAndNonsenseAreToldApart) {
  Port port;
  for (const auto& row : {AnswerRow{R"({"error":"busy"})", Kind::busy},
                          AnswerRow{R"({"error":"no-permission"})", Kind::no_permission},
                          AnswerRow{R"({"error":"gone"})", Kind::gone},
                          AnswerRow{R"({"opened":true,"descriptor":7})", Kind::protocol},
                          AnswerRow{R"({"opened":true,"descriptor":"a"})", Kind::protocol},
                          AnswerRow{"[]", Kind::protocol}}) {
    std::jthread server([&] { port.serve(row.answer); });
    const auto pipe = EmulatedBulkPipe::open(port.node());
    ASSERT_FALSE(pipe) << row.answer;
    EXPECT_EQ(pipe.error().kind, row.kind) << row.answer;
  }
}

struct EventRow {
  std::string driver;    ///< the JSON of the member, empty: absent
  std::string expected;  ///< empty: nonsense
};

TEST(EmulatedPortMonitor, KnowsTheDriversOfItsKeys) {
  for (const auto& row : {EventRow{"", "hidkey"}, EventRow{R"(,"driver":"hidkey")", "hidkey"},
                          EventRow{R"(,"driver":"piv")", "piv"},
                          EventRow{R"(,"driver":"mouse")", ""}, EventRow{R"(,"driver":1)", ""}}) {
    Port port;
    auto monitor = EmulatedPortMonitor::connect(port.path()).value();
    EXPECT_EQ(port.serve(R"({"event":"added","id":"k","generation":4)" + row.driver + "}"),
              (nlohmann::json{{"op", "watch"}}));
    const auto events = monitor.read_events();
    ASSERT_EQ(events.size(), 1U) << row.driver;
    const bool lost = events[0].kind == EmulatedPortMonitor::Event::Kind::lost;
    EXPECT_EQ(lost, row.expected.empty()) << row.driver;
    EXPECT_EQ(events[0].device.driver, row.expected);
  }
}

}  // namespace
}  // namespace latchkey::test
