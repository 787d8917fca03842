#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/latchkey-client/lease_machine.h"

namespace latchkey::client {

class Session;

/// What the application is told.
struct ClientStatus : LeaseStatus {
  std::string server;                 ///< the address in use
  std::chrono::milliseconds left{0};  ///< of the lease, if nothing more is heard
};

/// Holds a consumer's capacity of a license server (SPEC SRV-2, POOL-3, SRV-4): states what is
/// used, keeps the lease alive, and goes to the next server when one fails (lease_machine.h says
/// how). One thread of its own, which gets no signals. All calls may come from any thread; none of
/// them waits for the network unless it is told how long.
class Client {
 public:
  using OnChange = std::function<void(const ClientStatus&)>;
  struct Options {
    std::string consumer{};  ///< `[A-Za-z0-9][A-Za-z0-9._:-]{0,63}`; the same after a restart
    /// `https://HOST:8201` of the VIP and of the nodes, or `unix:/PATH`, in order of preference;
    /// empty: those of the credentials.
    std::vector<std::string> servers{};
    std::string directory{};  ///< of `latchkey connect`; needed for https
    std::uint32_t ttl_s = 60;
    /// Called on the client's thread at each change of state, holdings or problem; it may call the
    /// client, and should not take long: it holds the heartbeats up.
    OnChange on_change{};
  };

  /// Errors: `bad-argument`, `address-invalid`, `cannot-read`, `invalid-certificate`,
  /// `system-failed`. Does not connect yet.
  static Result<std::unique_ptr<Client>> open(Options options);
  ~Client();  ///< close(false, 1 s)
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// All that the application uses from now on; returns at once. Error: `bad-argument`.
  Result<void> use(Usage usage);
  ClientStatus status() const;
  /// Until the last use() was answered, whichever way; `settled` says whether it was.
  ClientStatus wait(std::chrono::milliseconds timeout) const;

  /// Ends, having given the lease back if `release` (else its TTL ends it, or the next client of
  /// this name takes it on). False: that could not be done in time; a thread that hangs in a name
  /// look-up then ends by itself, and calls nothing back.
  bool close(bool release, std::chrono::milliseconds timeout);

 private:
  explicit Client(std::shared_ptr<Session> session);

  std::shared_ptr<Session> session_;
};

}  // namespace latchkey::client
