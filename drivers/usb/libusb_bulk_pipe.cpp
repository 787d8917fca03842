#include "drivers/usb/libusb_bulk_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "drivers/usb/report_pipe.h"

namespace latchkey {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How long a failed transfer waits to be told that the device has left: the host controller sees
/// the errors before the hub reports the empty port.
constexpr milliseconds kUnplugNotice{80};

KeyError::Kind kind_of(int code) {
  switch (code) {
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
      return KeyError::Kind::gone;
    case LIBUSB_ERROR_ACCESS:
      return KeyError::Kind::no_permission;
    case LIBUSB_ERROR_BUSY:
      return KeyError::Kind::busy;
    case LIBUSB_ERROR_TIMEOUT:
      return KeyError::Kind::timeout;
    default:
      return KeyError::Kind::protocol;
  }
}

timeval time_left(Deadline deadline) {
  const auto left = std::max(deadline - steady_clock::now(), steady_clock::duration::zero());
  const auto micro = std::chrono::ceil<microseconds>(
      std::min<steady_clock::duration>(left, std::chrono::hours(1)));
  return {micro.count() / 1'000'000, static_cast<suseconds_t>(micro.count() % 1'000'000)};
}

}  // namespace

/// One asynchronous transfer. `done` is set by libusb, on this thread, inside its event handling.
struct LibusbBulkPipe::Transfer {
  std::unique_ptr<libusb_transfer, Deleter<libusb_free_transfer>> transfer{
      libusb_alloc_transfer(0)};
  int done = 0;
};

KeyResult<std::unique_ptr<BulkPipe>> LibusbBulkPipe::open(const std::string& node) {
  Fd device(::open(node.c_str(), O_RDWR | O_CLOEXEC));
  if (!device) return tl::make_unexpected(key_error_from_errno(errno, "USB: open " + node));
  std::unique_ptr<LibusbBulkPipe> pipe(new LibusbBulkPipe(std::move(device)));
  LK_CHECK(pipe->wrap());
  return pipe;
}

KeyResult<void> LibusbBulkPipe::wrap() {
  libusb_set_option(nullptr, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
  libusb_context* context = nullptr;
  if (const int code = libusb_init(&context))
    return tl::make_unexpected(error(code, "libusb_init"));
  context_.reset(context);
  libusb_device_handle* handle = nullptr;
  if (const int code = libusb_wrap_sys_device(context, device_.get(), &handle))
    return tl::make_unexpected(error(code, "open"));
  handle_.reset(handle);
  libusb_config_descriptor* active = nullptr;
  if (const int code = libusb_get_active_config_descriptor(libusb_get_device(handle), &active))
    return tl::make_unexpected(error(code, "read the configuration"));
  const std::unique_ptr<libusb_config_descriptor, Deleter<libusb_free_config_descriptor>>
      configuration(active);
  auto found = find_ccid_interface(*configuration);
  if (!found) return key_fail(KeyError::Kind::not_a_key, "USB: the device has no CCID interface");
  interface_ = *std::move(found);
  return {};
}

KeyResult<void> LibusbBulkPipe::claim(Deadline) {
  if (cancelled_) return key_fail(KeyError::Kind::gone, "cancelled");
  if (claimed_) return {};
  const int code = libusb_claim_interface(handle_.get(), interface_.number);
  if (code == LIBUSB_ERROR_BUSY)
    return key_fail(KeyError::Kind::busy, "USB: another program has claimed the reader");
  if (code != 0) return tl::make_unexpected(error(code, "claim"));
  claimed_ = true;
  return {};
}

void LibusbBulkPipe::release() noexcept {
  if (std::exchange(claimed_, false)) libusb_release_interface(handle_.get(), interface_.number);
}

KeyResult<void> LibusbBulkPipe::write(ByteView message, Deadline deadline) {
  Bytes buffer(message.begin(), message.end());
  LK_TRY(const auto sent, run(interface_.bulk_out, buffer, deadline));
  if (sent != message.size()) return key_fail(KeyError::Kind::protocol, "USB: a short write");
  return {};
}

KeyResult<Bytes> LibusbBulkPipe::read(std::size_t limit, Deadline deadline) {
  // Whole packets: what a device sends beyond the buffer would be lost as an overflow.
  const std::size_t packet = interface_.packet_size;
  Bytes buffer((limit + packet - 1) / packet * packet);
  LK_TRY(const auto size, run(interface_.bulk_in, buffer, deadline));
  if (size > limit)
    return key_fail(KeyError::Kind::protocol, "USB: a message longer than the reader's longest");
  buffer.resize(size);
  return buffer;
}

/// Runs one transfer; `buffer` is not touched any more when this returns.
KeyResult<std::size_t> LibusbBulkPipe::run(std::uint8_t endpoint, std::span<std::uint8_t> buffer,
                                           Deadline deadline) {
  if (cancelled_) return key_fail(KeyError::Kind::gone, "cancelled");
  Transfer transfer;
  if (!transfer.transfer) return key_fail(KeyError::Kind::protocol, "USB: no memory");
  const auto on_end = [](libusb_transfer* ended) { *static_cast<int*>(ended->user_data) = 1; };
  libusb_fill_bulk_transfer(transfer.transfer.get(), handle_.get(), endpoint, buffer.data(),
                            static_cast<int>(buffer.size()), on_end, &transfer.done, 0);
  if (!(endpoint & LIBUSB_ENDPOINT_IN)) transfer.transfer->flags = LIBUSB_TRANSFER_ADD_ZERO_PACKET;
  if (const int code = libusb_submit_transfer(transfer.transfer.get()))
    return tl::make_unexpected(error(code, "submit"));
  LK_CHECK(finish(transfer, deadline));
  return static_cast<std::size_t>(transfer.transfer->actual_length);
}

/// Waits for the end, which a passed deadline and cancel() hasten: the kernel always gives a
/// discarded transfer back, so the second wait needs no limit.
KeyResult<void> LibusbBulkPipe::finish(Transfer& transfer, Deadline deadline) {
  std::optional<KeyError> given_up;
  while (!transfer.done) {
    auto wait = given_up ? timeval{1, 0} : time_left(deadline);
    libusb_handle_events_timeout_completed(context_.get(), &wait, &transfer.done);
    if (transfer.done || given_up) continue;
    if (cancelled_)
      given_up = KeyError{KeyError::Kind::gone, "cancelled"};
    else if (steady_clock::now() >= deadline)
      given_up = KeyError{KeyError::Kind::timeout, "USB: no answer"};
    if (given_up) libusb_cancel_transfer(transfer.transfer.get());
  }
  switch (transfer.transfer->status) {
    case LIBUSB_TRANSFER_COMPLETED:
      return {};
    case LIBUSB_TRANSFER_NO_DEVICE:
      return key_fail(KeyError::Kind::gone, "USB: unplugged");
    case LIBUSB_TRANSFER_CANCELLED:
      if (given_up) return tl::make_unexpected(*std::move(given_up));
      return key_fail(KeyError::Kind::gone, "USB: unplugged");
    case LIBUSB_TRANSFER_STALL:
      libusb_clear_halt(handle_.get(), transfer.transfer->endpoint);
      return key_fail(KeyError::Kind::protocol, "USB: the reader stalled");
    default:
      if (unplugged()) return key_fail(KeyError::Kind::gone, "USB: unplugged");
      return key_fail(KeyError::Kind::protocol, "USB: the transfer failed");
  }
}

bool LibusbBulkPipe::unplugged() const {
  pollfd device{device_.get(), 0, 0};  // usbfs says POLLERR and POLLHUP of a device that left
  return ::poll(&device, 1, static_cast<int>(kUnplugNotice.count())) > 0;
}

KeyError LibusbBulkPipe::error(int code, std::string_view action) const {
  auto kind = kind_of(code);
  if (code == LIBUSB_ERROR_IO && unplugged()) kind = KeyError::Kind::gone;
  return {kind, "USB: " + std::string(action) + ": " + libusb_strerror(code)};
}

void LibusbBulkPipe::cancel() noexcept {
  cancelled_ = true;
  libusb_interrupt_event_handler(context_.get());
}

}  // namespace latchkey
