#include "drivers/pcsc/pcsc_api.h"

#include <dlfcn.h>

#include <array>
#include <optional>
#include <string>

namespace latchkey::pcsc {
namespace {

using Kind = KeyError::Kind;

struct Meaning {
  Code code;
  Kind beginning;
  Kind begun;
  std::string_view text;
};

constexpr std::array kMeanings{
    Meaning{Code::unknown_reader, Kind::gone, Kind::gone, "the reader has left"},
    Meaning{Code::reader_unavailable, Kind::gone, Kind::gone, "the reader has left"},
    Meaning{Code::no_smartcard, Kind::not_a_key, Kind::gone, "no card in the reader"},
    Meaning{Code::removed_card, Kind::not_a_key, Kind::gone, "no card in the reader"},
    Meaning{Code::unresponsive_card, Kind::not_a_key, Kind::protocol,
            "the card does not answer the reader"},
    Meaning{Code::unpowered_card, Kind::not_a_key, Kind::protocol,
            "the card does not answer the reader"},
    Meaning{Code::unsupported_card, Kind::not_a_key, Kind::protocol,
            "the reader does not know this kind of card"},
    Meaning{Code::sharing_violation, Kind::busy, Kind::busy, "another program holds the card"},
    Meaning{Code::security_violation, Kind::no_permission, Kind::no_permission,
            "refused by pcscd's polkit rules"},
    Meaning{Code::timeout, Kind::timeout, Kind::timeout, "no answer"},
    Meaning{Code::reset_card, Kind::protocol, Kind::protocol, "another program reset the card"},
    Meaning{Code::no_service, Kind::protocol, Kind::protocol, "pcscd does not run"},
    Meaning{Code::service_stopped, Kind::protocol, Kind::protocol, "pcscd has stopped"},
};

std::string hex_code(Long result) {
  Bytes bytes;
  for (const int shift : {24, 16, 8, 0})
    bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint32_t>(result) >> shift));
  return "0x" + to_hex(bytes);
}

template <class Function>
bool find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(::dlsym(library, name));
  return out != nullptr;
}

std::optional<Api> open_library() {
  void* const library = ::dlopen("libpcsclite.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  Api api{};
  const bool whole = find(library, "SCardEstablishContext", api.EstablishContext) &&
                     find(library, "SCardReleaseContext", api.ReleaseContext) &&
                     find(library, "SCardListReaders", api.ListReaders) &&
                     find(library, "SCardConnect", api.Connect) &&
                     find(library, "SCardReconnect", api.Reconnect) &&
                     find(library, "SCardDisconnect", api.Disconnect) &&
                     find(library, "SCardBeginTransaction", api.BeginTransaction) &&
                     find(library, "SCardEndTransaction", api.EndTransaction) &&
                     find(library, "SCardTransmit", api.Transmit) &&
                     find(library, "SCardGetAttrib", api.GetAttrib);
  return whole ? std::optional(api) : std::nullopt;
}

}  // namespace

const Api* load_api() {
  static const std::optional<Api> api = open_library();
  return api ? &*api : nullptr;
}

KeyError error_of(Long result, Stage stage, std::string_view action) {
  const auto prefix = "PC/SC: " + std::string(action) + ": ";
  for (const auto& meaning : kMeanings)
    if (meaning.code == code_of(result))
      return {stage == Stage::begun ? meaning.begun : meaning.beginning,
              prefix + std::string(meaning.text)};
  return {Kind::protocol, prefix + "error " + hex_code(result)};
}

}  // namespace latchkey::pcsc
