#pragma once

#include <cstdint>
#include <string_view>

#include "core/ports.h"

// What is used of PC/SC as pcsc-lite has it (winscard.h), declared here because the library is
// loaded at run time only: nothing has to be installed to build or to run. A test compares this
// with the library's own headers.
namespace latchkey::pcsc {

using Long = long;
using Dword = unsigned long;
using Context = Long;
using Handle = Long;

struct IoRequest {
  Dword protocol;
  Dword length;  ///< of this structure
};

inline constexpr Dword kScopeSystem = 2;
inline constexpr Dword kShareShared = 2;
inline constexpr Dword kShareDirect = 3;
inline constexpr Dword kProtocolT0 = 1;
inline constexpr Dword kProtocolT1 = 2;
inline constexpr Dword kLeaveCard = 0;
inline constexpr Dword kResetCard = 1;
inline constexpr Dword kAttributeChannel = 0x0002'0110;   ///< SCARD_ATTR_CHANNEL_ID, 4 bytes
inline constexpr Dword kAttributeMaxInput = 0x0007'A007;  ///< SCARD_ATTR_MAXINPUT, 4 bytes

/// The codes that are told apart. pcsc-lite compares them as LONG of their 32 bits.
enum class Code : std::uint32_t {
  success = 0,
  invalid_handle = 0x8010'0003,
  unknown_reader = 0x8010'0009,
  timeout = 0x8010'000A,
  sharing_violation = 0x8010'000B,
  no_smartcard = 0x8010'000C,
  comm_error = 0x8010'0013,
  reader_unavailable = 0x8010'0017,
  no_service = 0x8010'001D,
  service_stopped = 0x8010'001E,
  no_readers_available = 0x8010'002E,
  unsupported_card = 0x8010'0065,
  unresponsive_card = 0x8010'0066,
  unpowered_card = 0x8010'0067,
  reset_card = 0x8010'0068,
  removed_card = 0x8010'0069,
  security_violation = 0x8010'006A
};

inline Code code_of(Long result) { return static_cast<Code>(static_cast<std::uint32_t>(result)); }

/// The functions, by the names that they have behind "SCard". All block, for as long as another
/// program's transaction lasts.
struct Api {
  Long (*EstablishContext)(Dword scope, const void*, const void*, Context*);
  Long (*ReleaseContext)(Context);
  Long (*ListReaders)(Context, const char* groups, char* readers, Dword* size);
  Long (*Connect)(Context, const char* reader, Dword share, Dword protocols, Handle*,
                  Dword* protocol);
  Long (*Reconnect)(Handle, Dword share, Dword protocols, Dword initialization, Dword* protocol);
  Long (*Disconnect)(Handle, Dword disposition);
  Long (*BeginTransaction)(Handle);
  Long (*EndTransaction)(Handle, Dword disposition);
  Long (*Transmit)(Handle, const IoRequest*, const unsigned char* command, Dword size, IoRequest*,
                   unsigned char* response, Dword* response_size);
  Long (*GetAttrib)(Handle, Dword attribute, unsigned char* value, Dword* size);
};

/// Of libpcsclite.so.1, loaded at the first call for good; null where there is none. Any thread.
const Api* load_api();

/// Where the card was when a call failed: `begun` from the success of begin() on.
enum class Stage { beginning, begun };

/// A result that is not success, as SPEC KEY-3 tells the reasons apart.
KeyError error_of(Long result, Stage stage, std::string_view action);

}  // namespace latchkey::pcsc
