#pragma once

#include <string_view>

// Every event name that the agent logs stands here, so that an administrator's filter never meets a
// second spelling.
namespace latchkey::log::names {

inline constexpr std::string_view kAgentStarted = "agent-started";
inline constexpr std::string_view kAgentStopping = "agent-stopping";
inline constexpr std::string_view kAgentFailed = "agent-failed";
inline constexpr std::string_view kConfigReloaded = "config-reloaded";
inline constexpr std::string_view kConfigRefused = "config-refused";
inline constexpr std::string_view kConfigNeedsRestart = "config-needs-restart";
inline constexpr std::string_view kStateChanged = "state-changed";
inline constexpr std::string_view kClockNotKept = "clock-not-kept";
inline constexpr std::string_view kClockJumped = "clock-jumped";
inline constexpr std::string_view kTimeRepaired = "time-repaired";
inline constexpr std::string_view kTimeRepairRefused = "time-repair-refused";
inline constexpr std::string_view kAlertRaised = "alert-raised";
inline constexpr std::string_view kAlertCleared = "alert-cleared";
inline constexpr std::string_view kHistoryWarning = "history-warning";
inline constexpr std::string_view kStoreFailing = "store-failing";
inline constexpr std::string_view kStoreRecovered = "store-recovered";
inline constexpr std::string_view kKeyAdded = "key-added";
inline constexpr std::string_view kKeyRemoved = "key-removed";
inline constexpr std::string_view kKeyReadOk = "key-read";
inline constexpr std::string_view kKeyReadFailed = "key-read-failed";
inline constexpr std::string_view kKeyReadRetry = "key-read-retry";
inline constexpr std::string_view kKeyHung = "key-hung";
inline constexpr std::string_view kKeyNone = "no-key-in-device";
inline constexpr std::string_view kStampWritten = "stamp-written";
inline constexpr std::string_view kStampFailed = "stamp-failed";
inline constexpr std::string_view kLicenseInstalled = "license-installed";
inline constexpr std::string_view kLicenseRefused = "license-refused";
inline constexpr std::string_view kLicenseDeleted = "license-deleted";
inline constexpr std::string_view kLicenseWithdrawn = "license-withdrawn";
inline constexpr std::string_view kLicenseWritten = "license-written";
inline constexpr std::string_view kLicenseKept = "license-kept-by-agents";
inline constexpr std::string_view kLicenseWriteFailed = "license-write-failed";
inline constexpr std::string_view kTrustInForce = "trust-in-force";
inline constexpr std::string_view kTrustRefused = "trust-refused";
inline constexpr std::string_view kFactorsChanged = "factors-changed";
inline constexpr std::string_view kFactorsFailed = "factors-failed";
inline constexpr std::string_view kTiming = "timing";
inline constexpr std::string_view kEmulatedPort = "emulated-port-in-use";
inline constexpr std::string_view kRequest = "request";
inline constexpr std::string_view kUpstreamFound = "upstream-found";
inline constexpr std::string_view kUpstreamLost = "upstream-lost";
inline constexpr std::string_view kServerListening = "server-listening";
inline constexpr std::string_view kPageListening = "page-listening";
inline constexpr std::string_view kServerCertificate = "server-certificate";
inline constexpr std::string_view kServerFailed = "server-failed";
inline constexpr std::string_view kTokenCreated = "token-created";
inline constexpr std::string_view kEnrolled = "identity-enrolled";
inline constexpr std::string_view kEnrolRefused = "enrolment-refused";
inline constexpr std::string_view kRevoked = "identity-revoked";
inline constexpr std::string_view kLogin = "login";
inline constexpr std::string_view kLoginRefused = "login-refused";
inline constexpr std::string_view kPeerUp = "peer-up";
inline constexpr std::string_view kPeerDown = "peer-down";
inline constexpr std::string_view kPeerPaired = "peer-paired";
inline constexpr std::string_view kLeaseHolder = "lease-holder";
inline constexpr std::string_view kVirtualAddress = "virtual-address";
inline constexpr std::string_view kPeerRefused = "peer-refused";

}  // namespace latchkey::log::names
