#include "agent/identity/tpm.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "agent/identity/descriptor.h"
#include "core/base/big_endian.h"

namespace latchkey {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kNoSessions = 0x8001;       // TPM_ST_NO_SESSIONS
constexpr std::uint32_t kReadPublic = 0x00000173;   // TPM_CC_ReadPublic
constexpr std::uint32_t kEndorsement = 0x81010001;  // its persistent handle
constexpr std::size_t kHeader = 10;                 // tag, size, code
constexpr std::size_t kMaxAnswer = 4096;            // the kernel's TPM_BUFSIZE

Bytes question() {
  Bytes out;
  put_u16(out, kNoSessions);
  put_u32(out, kHeader + sizeof kEndorsement);
  put_u32(out, kReadPublic);
  put_u32(out, kEndorsement);
  return out;
}

bool wait_for(int fd, short events, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    pollfd waiting{fd, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<long>(0, left.count())));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

/// The kernel takes a command in one write, and runs it while poll(2) waits.
bool ask(int fd, const Bytes& command, Clock::time_point until) {
  for (;;) {
    const auto count = ::write(fd, command.data(), command.size());
    if (count >= 0) return static_cast<std::size_t>(count) == command.size();
    const bool again = errno == EINTR || (errno == EAGAIN && wait_for(fd, POLLOUT, until));
    if (!again || Clock::now() >= until) return false;
  }
}

/// As many bytes as the header says; empty: not in time, or more than an answer has.
Bytes answer(int fd, Clock::time_point until) {
  Bytes out(kMaxAnswer);
  for (std::size_t have = 0, size = kHeader;;) {
    if (have >= kHeader) size = get_u32(out, 2);
    if (size < kHeader || size > kMaxAnswer || have > size) return {};
    if (have >= kHeader && have == size) {
      out.resize(size);
      return out;
    }
    if (!wait_for(fd, POLLIN, until)) return {};
    const auto count = ::read(fd, out.data() + have, out.size() - have);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) return {};
    have += static_cast<std::size_t>(std::max<ssize_t>(0, count));
  }
}

/// Behind the header stands the public area with its size before it, and then its names.
std::optional<Bytes> public_area(const Bytes& answer) {
  constexpr std::size_t kAt = kHeader + 2;
  if (answer.size() < kAt || get_u16(answer, 0) != kNoSessions) return std::nullopt;
  const auto size = get_u16(answer, kHeader);
  if (size == 0 || size > answer.size() - kAt) return std::nullopt;
  const auto area = ByteView(answer).subspan(kAt, size);
  return Bytes(area.begin(), area.end());
}

}  // namespace

tl::expected<Bytes, TpmFault> read_endorsement_key(const std::filesystem::path& device,
                                                   std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  const Descriptor file(::open(device.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) {
    const bool refused = errno == EACCES || errno == EPERM;
    return tl::make_unexpected(refused ? TpmFault::refused : TpmFault::absent);
  }
  if (!ask(file.get(), question(), until)) return tl::make_unexpected(TpmFault::no_answer);
  const auto bytes = answer(file.get(), until);
  if (bytes.empty()) return tl::make_unexpected(TpmFault::no_answer);
  // Any code but success: for one, there is nothing at that handle.
  if (get_u32(bytes, 6) != 0) return tl::make_unexpected(TpmFault::absent);
  if (auto area = public_area(bytes)) return *std::move(area);
  return tl::make_unexpected(TpmFault::no_answer);
}

}  // namespace latchkey
