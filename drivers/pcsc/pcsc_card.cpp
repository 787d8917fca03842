#include "drivers/pcsc/pcsc_card.h"

#include <unistd.h>

#include <charconv>
#include <thread>
#include <utility>

#include "drivers/usb/report_pipe.h"

namespace latchkey::pcsc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kListPause{50};
constexpr milliseconds kEndTime{500};
constexpr auto kSocket = "/run/pcscd/pcscd.comm";
constexpr std::string_view kUsbfs = "/dev/bus/usb/";
constexpr std::uint32_t kUsbChannel = 0x0020'0000;

/// What PC/SC waits for when it does not come back from finding or taking a card.
KeyError held() { return {KeyError::Kind::busy, "PC/SC: another program holds the card"}; }

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 0xFF) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint32_t> channel_of(std::string_view node) {
  if (!node.starts_with(kUsbfs) || node.size() != kUsbfs.size() + 7) return std::nullopt;
  const auto bus = number(node.substr(kUsbfs.size(), 3));
  const auto address = number(node.substr(kUsbfs.size() + 4));
  if (!bus || !address) return std::nullopt;
  return kUsbChannel | *bus << 8 | *address;
}

bool pcscd_listens() { return ::access(kSocket, F_OK) == 0; }

KeyError library_missing() {
  return {KeyError::Kind::busy, "PC/SC: pcscd is there, but libpcsclite.so.1 is not installed"};
}

PcscCard::PcscCard(const Api& api, std::uint32_t channel, DeviceFacts device)
    : session_(std::make_shared<Session>(api, channel)), device_(std::move(device)) {}

template <class T>
KeyResult<T> PcscCard::run(std::function<KeyResult<T>(Session&)> call, KeyError late,
                           Deadline deadline) {
  const auto result = std::make_shared<std::optional<KeyResult<T>>>();
  const auto outcome = thread_.run(
      [session = session_, result, call = std::move(call)] { *result = call(*session); }, deadline);
  open_ = open_ || outcome != CallThread::Outcome::not_started;
  stuck_ = outcome != CallThread::Outcome::done;
  if (outcome == CallThread::Outcome::cancelled) return key_fail(KeyError::Kind::gone, "cancelled");
  if (stuck_) return tl::make_unexpected(std::move(late));
  auto answer = *std::move(*result);
  if (!answer && answer.error().kind == KeyError::Kind::protocol && !device_.is_there())
    answer.error().kind = KeyError::Kind::gone;
  return answer;
}

KeyResult<bool> PcscCard::serves(Deadline deadline) {
  const auto search = [is_new = device_.is_new, deadline](Session& session) -> KeyResult<bool> {
    for (;;) {
      // pcscd opens a new device as late as we hear of it. Were it taken away from under pcscd
      // now, every other program would miss it until it is plugged in again.
      auto found = session.find();
      if (!found || *found || !is_new()) return found;
      if (steady_clock::now() + kListPause >= deadline)
        return key_fail(KeyError::Kind::busy, "PC/SC: pcscd has not opened the reader yet");
      std::this_thread::sleep_for(kListPause);
    }
  };
  auto found = run<bool>(search, held(), deadline);
  if (!found || !*found) end(Leave::as_is);
  return found;
}

KeyResult<CardLimits> PcscCard::begin(Deadline deadline) {
  const auto take = [](Session& session) -> KeyResult<CardLimits> {
    LK_TRY(const bool found, session.find());
    if (!found) return key_fail(KeyError::Kind::gone, "PC/SC: the reader has left");
    return session.begin();
  };
  auto limits = run<CardLimits>(take, held(), deadline);
  if (!limits) end(Leave::as_is);
  return limits;
}

KeyResult<Bytes> PcscCard::transmit(ByteView command, Deadline deadline) {
  return run<Bytes>([command = Bytes(command.begin(), command.end())](
                        Session& session) { return session.transmit(command); },
                    {KeyError::Kind::timeout, "PC/SC: the card does not answer"}, deadline);
}

void PcscCard::end(Leave leave) noexcept {
  if (!std::exchange(open_, false)) return;
  const auto hang_up = [session = session_, leave] { session->end(leave); };
  if (stuck_ || thread_.run(hang_up, steady_clock::now() + kEndTime) != CallThread::Outcome::done)
    thread_.post(hang_up);
}

}  // namespace latchkey::pcsc
