#include "drivers/usb/report_pipe.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>

#include "drivers/usb/hidraw_pipe.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unprivileged.h"

namespace latchkey::test {
namespace {

using Kind = KeyError::Kind;

struct ErrnoRow {
  int error;
  Kind kind;
};

// SPEC KEY-3
TEST(ReportPipe, TellsTheErrorsOfTheSystemApart) {
  for (const auto& [error, kind] :
       {ErrnoRow{EACCES, Kind::no_permission}, ErrnoRow{EPERM, Kind::no_permission},
        ErrnoRow{EBUSY, Kind::busy}, ErrnoRow{ENODEV, Kind::gone}, ErrnoRow{ENOENT, Kind::gone},
        ErrnoRow{EPIPE, Kind::gone}, ErrnoRow{ECONNRESET, Kind::gone},
        ErrnoRow{ETIMEDOUT, Kind::timeout}, ErrnoRow{EPROTO, Kind::protocol},
        ErrnoRow{EIO, Kind::protocol}}) {
    const auto mapped = key_error_from_errno(error, "open");
    EXPECT_EQ(mapped.kind, kind) << error;
    EXPECT_TRUE(mapped.detail.starts_with("open: ")) << mapped.detail;
  }
}

TEST(HidrawPipe, ANodeThatIsNotThereIsGone) {
  const auto pipe = HidrawPipe::open("/dev/hidraw-none");
  ASSERT_FALSE(pipe);
  EXPECT_EQ(pipe.error().kind, Kind::gone) << pipe.error().detail;
}

TEST(HidrawPipe, ANodeThatIsNoHidDeviceIsRefused) { EXPECT_FALSE(HidrawPipe::open("/dev/null")); }

// SPEC KEY-3
TEST(HidrawPipe, ANodeWithoutRightsSaysSo) {
  const TempDir dir;
  const auto node = (dir.path() / "hidraw0").string();
  std::ofstream(node).close();
  ASSERT_EQ(::chmod(node.c_str(), 0), 0);
  const Unprivileged unprivileged;
  const auto pipe = HidrawPipe::open(node);
  ASSERT_FALSE(pipe);
  EXPECT_EQ(pipe.error().kind, Kind::no_permission) << pipe.error().detail;
}

}  // namespace
}  // namespace latchkey::test
