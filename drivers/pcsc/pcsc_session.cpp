#include "drivers/pcsc/pcsc_session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "drivers/usb/report_pipe.h"

namespace latchkey::pcsc {
namespace {

constexpr std::size_t kReaderNames = 4096;  ///< pcsc-lite has 16 readers of 128 bytes at most
constexpr Dword kProtocols = kProtocolT0 | kProtocolT1;
constexpr int kResetTries = 3;
constexpr std::size_t kShortCommand = 261;  ///< ISO 7816-4 5.1
constexpr std::size_t kShortResponse = 258;
constexpr std::size_t kExtendedCommand = 65'544;
constexpr std::size_t kExtendedResponse = 65'538;
constexpr std::size_t kResponseBuffer = 65'548;  ///< MAX_BUFFER_SIZE_EXTENDED

bool failed(Long result) { return code_of(result) != Code::success; }

}  // namespace

KeyResult<bool> Session::find() {
  if (!has_context_) {
    const auto result = api_.EstablishContext(kScopeSystem, nullptr, nullptr, &context_);
    if (code_of(result) == Code::no_service) return false;
    // Whom polkit forbids pcscd altogether is hung up on before the first answer.
    if (code_of(result) == Code::comm_error)
      return key_fail(KeyError::Kind::no_permission, "PC/SC: refused by pcscd's polkit rules");
    if (failed(result))
      return tl::make_unexpected(error_of(result, Stage::beginning, "reach pcscd"));
    has_context_ = true;
  }
  LK_TRY(const auto names, readers());
  const bool known = std::ranges::find(names, reader_) != names.end();
  if (!known) reader_.clear();
  bool held = false;
  for (const auto& name : names) {
    if (!reader_.empty()) return true;
    const auto [ours, code] = ask(name);
    if (ours) reader_ = name;
    held = held || code == Code::sharing_violation;
  }
  if (reader_.empty() && held)
    return key_fail(KeyError::Kind::busy, "PC/SC: another program holds the card for itself");
  return !reader_.empty();
}

KeyResult<std::vector<std::string>> Session::readers() {
  std::string list(kReaderNames, '\0');
  Dword size = list.size();
  const auto result = api_.ListReaders(context_, nullptr, list.data(), &size);
  std::vector<std::string> names;
  const auto code = code_of(result);
  if (code == Code::no_readers_available) return names;
  if (failed(result)) {
    close();
    if (code == Code::no_service || code == Code::service_stopped || code == Code::invalid_handle)
      return names;
    return tl::make_unexpected(error_of(result, Stage::beginning, "list the readers"));
  }
  list.resize(std::min<std::size_t>(size, list.size()));
  for (std::size_t at = 0; at < list.size() && list[at] != '\0';) {
    names.emplace_back(list.c_str() + at);
    at += names.back().size() + 1;
  }
  return names;
}

std::pair<bool, Code> Session::ask(const std::string& reader) {
  Handle card = 0;
  Dword protocol = 0;
  const auto result = api_.Connect(context_, reader.c_str(), kShareDirect, 0, &card, &protocol);
  if (failed(result)) return {false, code_of(result)};
  const bool ours = attribute(card, kAttributeChannel) == channel_;
  api_.Disconnect(card, kLeaveCard);
  return {ours, Code::success};
}

std::uint32_t Session::attribute(Handle card, Dword name) const {
  std::array<unsigned char, 4> bytes{};
  Dword size = bytes.size();
  if (failed(api_.GetAttrib(card, name, bytes.data(), &size)) || size != bytes.size()) return 0;
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());  // the host's byte order
  return value;
}

KeyResult<CardLimits> Session::begin() {
  auto limits = take();
  if (!limits) end(Leave::as_is);
  return limits;
}

KeyResult<CardLimits> Session::take() {
  if (!has_context_ || reader_.empty())
    return key_fail(KeyError::Kind::gone, "PC/SC: the reader has left");
  const auto connected =
      api_.Connect(context_, reader_.c_str(), kShareShared, kProtocols, &card_, &protocol_);
  if (failed(connected))
    return tl::make_unexpected(error_of(connected, Stage::beginning, "connect"));
  connected_ = true;
  // The name may be another device's by now.
  if (attribute(card_, kAttributeChannel) != channel_) {
    reader_.clear();
    return key_fail(KeyError::Kind::gone, "PC/SC: the reader has left");
  }
  LK_CHECK(begin_transaction());
  const std::size_t most = attribute(card_, kAttributeMaxInput);
  if (most <= kShortCommand) return CardLimits{kShortCommand, kShortResponse};
  return CardLimits{std::min(most, kExtendedCommand), kExtendedResponse};
}

/// A card that was reset since it was connected has to be connected anew.
KeyResult<void> Session::begin_transaction() {
  for (int tries = kResetTries;;) {
    auto result = api_.BeginTransaction(card_);
    in_transaction_ = !failed(result);
    if (in_transaction_) return {};
    if (code_of(result) == Code::reset_card && tries-- > 0)
      result = api_.Reconnect(card_, kShareShared, kProtocols, kLeaveCard, &protocol_);
    if (failed(result))
      return tl::make_unexpected(error_of(result, Stage::beginning, "begin a transaction"));
  }
}

KeyResult<Bytes> Session::transmit(ByteView command) {
  if (!in_transaction_)
    return key_fail(KeyError::Kind::protocol, "PC/SC: the card has not been taken");
  if (command.size() > kExtendedCommand)
    return key_fail(KeyError::Kind::protocol, "PC/SC: a command longer than any");
  Bytes response(kResponseBuffer);
  Dword size = response.size();
  const IoRequest request{protocol_, sizeof(IoRequest)};
  const auto result = api_.Transmit(card_, &request, command.data(), command.size(), nullptr,
                                    response.data(), &size);
  if (failed(result)) return tl::make_unexpected(error_of(result, Stage::begun, "transmit"));
  if (size < 2 || size > kExtendedResponse)
    return key_fail(KeyError::Kind::protocol,
                    "PC/SC: a response of " + std::to_string(size) + " bytes");
  response.resize(size);
  return response;
}

void Session::end(Leave leave) {
  if (std::exchange(in_transaction_, false))
    api_.EndTransaction(card_, leave == Leave::reset ? kResetCard : kLeaveCard);
  if (std::exchange(connected_, false)) api_.Disconnect(card_, kLeaveCard);
  close();
}

void Session::close() {
  if (std::exchange(has_context_, false)) api_.ReleaseContext(context_);
}

}  // namespace latchkey::pcsc
