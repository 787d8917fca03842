#include <gtest/gtest.h>
#include <reader.h>
#include <winscard.h>

#include <type_traits>

#include "drivers/pcsc/pcsc_api.h"

// What drivers/pcsc declares by hand is what the library has.
namespace latchkey::pcsc {
namespace {

/// Parameters may differ in what they point to, not in what they are: the C headers know no
/// namespaces.
template <class Ours, class Theirs>
struct SameCall : std::false_type {};
template <class... Ours, class... Theirs>
struct SameCall<Long (*)(Ours...), LONG (*)(Theirs...)>
    : std::conjunction<
          std::bool_constant<sizeof...(Ours) == sizeof...(Theirs)>,
          std::disjunction<std::is_same<Ours, Theirs>,
                           std::conjunction<std::is_pointer<Ours>, std::is_pointer<Theirs>>>...> {};

static_assert(std::is_same_v<Long, LONG> && std::is_same_v<Dword, DWORD>);
static_assert(std::is_same_v<Context, SCARDCONTEXT> && std::is_same_v<Handle, SCARDHANDLE>);
static_assert(sizeof(IoRequest) == sizeof(SCARD_IO_REQUEST));
static_assert(offsetof(IoRequest, length) == offsetof(SCARD_IO_REQUEST, cbPciLength));
static_assert(SameCall<decltype(Api::EstablishContext), decltype(&SCardEstablishContext)>::value);
static_assert(SameCall<decltype(Api::ReleaseContext), decltype(&SCardReleaseContext)>::value);
static_assert(SameCall<decltype(Api::ListReaders), decltype(&SCardListReaders)>::value);
static_assert(SameCall<decltype(Api::Connect), decltype(&SCardConnect)>::value);
static_assert(SameCall<decltype(Api::Reconnect), decltype(&SCardReconnect)>::value);
static_assert(SameCall<decltype(Api::Disconnect), decltype(&SCardDisconnect)>::value);
static_assert(SameCall<decltype(Api::BeginTransaction), decltype(&SCardBeginTransaction)>::value);
static_assert(SameCall<decltype(Api::EndTransaction), decltype(&SCardEndTransaction)>::value);
static_assert(SameCall<decltype(Api::Transmit), decltype(&SCardTransmit)>::value);
static_assert(SameCall<decltype(Api::GetAttrib), decltype(&SCardGetAttrib)>::value);

TEST(PcscAbi, ConstantsAreThoseOfTheLibrary) {
  EXPECT_EQ(kScopeSystem, Dword{SCARD_SCOPE_SYSTEM});
  EXPECT_EQ(kShareShared, Dword{SCARD_SHARE_SHARED});
  EXPECT_EQ(kShareDirect, Dword{SCARD_SHARE_DIRECT});
  EXPECT_EQ(kProtocolT0, Dword{SCARD_PROTOCOL_T0});
  EXPECT_EQ(kProtocolT1, Dword{SCARD_PROTOCOL_T1});
  EXPECT_EQ(kLeaveCard, Dword{SCARD_LEAVE_CARD});
  EXPECT_EQ(kResetCard, Dword{SCARD_RESET_CARD});
  EXPECT_EQ(kAttributeChannel, Dword{SCARD_ATTR_CHANNEL_ID});
  EXPECT_EQ(kAttributeMaxInput, Dword{SCARD_ATTR_MAXINPUT});
}

struct CodeRow {
  Code ours;
  LONG theirs;
};

TEST(PcscAbi, CodesAreThoseOfTheLibrary) {
  for (const auto& [ours, theirs] :
       {CodeRow{Code::success, SCARD_S_SUCCESS},
        CodeRow{Code::invalid_handle, SCARD_E_INVALID_HANDLE},
        CodeRow{Code::unknown_reader, SCARD_E_UNKNOWN_READER},
        CodeRow{Code::timeout, SCARD_E_TIMEOUT},
        CodeRow{Code::sharing_violation, SCARD_E_SHARING_VIOLATION},
        CodeRow{Code::no_smartcard, SCARD_E_NO_SMARTCARD},
        CodeRow{Code::comm_error, SCARD_F_COMM_ERROR},
        CodeRow{Code::reader_unavailable, SCARD_E_READER_UNAVAILABLE},
        CodeRow{Code::no_service, SCARD_E_NO_SERVICE},
        CodeRow{Code::service_stopped, SCARD_E_SERVICE_STOPPED},
        CodeRow{Code::no_readers_available, SCARD_E_NO_READERS_AVAILABLE},
        CodeRow{Code::unsupported_card, SCARD_W_UNSUPPORTED_CARD},
        CodeRow{Code::unresponsive_card, SCARD_W_UNRESPONSIVE_CARD},
        CodeRow{Code::unpowered_card, SCARD_W_UNPOWERED_CARD},
        CodeRow{Code::reset_card, SCARD_W_RESET_CARD},
        CodeRow{Code::removed_card, SCARD_W_REMOVED_CARD},
        CodeRow{Code::security_violation, SCARD_W_SECURITY_VIOLATION}})
    EXPECT_EQ(code_of(theirs), ours) << std::hex << theirs;
}

TEST(PcscAbi, TheLibraryOfThisMachineHasEveryFunction) { EXPECT_NE(load_api(), nullptr); }

}  // namespace
}  // namespace latchkey::pcsc
