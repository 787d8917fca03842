#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <memory>
#include <optional>

#include "agent/app/front_desk.h"
#include "agent/app/network_face.h"
#include "agent/app/peer_desk.h"
#include "agent/app/site_desk.h"
#include "agent/net/address_watch.h"
#include "agent/net/unix_server.h"
#include "agent/reactor/asio_reactor.h"
#include "agent/reactor/readable_watch.h"
#include "agent/store/heal.h"
#include "agent/store/sqlite_store.h"

namespace latchkey {

/// Everything that was read from the disk before the agent can be put together.
struct AppParts {
  Config config;
  std::filesystem::path config_file;
  Identity identity;
  MachineFactors machine;
  ConfiguredTrust configured_trust;
  TrustChain trust;
  OpenedDatabase opened;
  LoadedLeases leases;
};
/// Errors: those of Identity, load_trust, open_trust and Database.
Result<AppParts> load_parts(Config config, std::filesystem::path config_file);

/// For one server of an upstream.
inline constexpr std::chrono::seconds kUpstreamPatience{4};

/// The agent: the parts and the wires between them. All of it lives on the thread that calls run().
class App {
 public:
  explicit App(AppParts parts);

  /// Listens, starts the sources and the link. Errors: those of UnixServer, KeyDesk and PeerLink.
  Result<void> start();
  /// Until SIGTERM or SIGINT; then ends cleanly. False when a key's worker still hangs in its
  /// driver: leave the process without destroying globals then.
  bool run();

 private:
  enum class Way { socket, tcp };  ///< by which clients come

  void wait_for_signal();
  void reload();
  Result<void> reload_trust(const Config::Trust& wanted);
  Result<void> watch_address();
  void stop();
  void beat();
  void changed();
  void keep_clock(std::string memory);
  void complete(StatusView& view);
  NodeNames names() const;
  net::Router routes(Way way);
  bool draws_here() const;
  std::chrono::milliseconds beat_interval() const;

  Config config_;
  const std::filesystem::path config_file_;
  Identity identity_;
  const std::string damage_;        ///< as OpenedDatabase::damage
  const std::string lease_damage_;  ///< as LoadedLeases::damage
  boost::asio::io_context context_{1};
  AsioReactor reactor_{context_};
  AgentClock clock_;
  net::Traffic traffic_;
  boost::asio::signal_set signals_{context_, SIGTERM, SIGINT, SIGHUP};
  const std::shared_ptr<ReadSettings> settings_;
  std::unique_ptr<SqliteStore> store_;
  Publisher publisher_;
  NodeLog log_;
  KeyDesk keys_;
  PeerDesk peer_desk_;
  PeerLink link_;
  TimeDesk time_;
  LicenseDesk licenses_;
  RequestDesk requests_;
  TrustDesk trust_;
  LeaseDesk leases_;
  PoolDesk pools_;
  MetricsDesk metrics_;
  AccessDesk access_;
  net::HttpsClient https_{context_, kUpstreamPatience};
  UpstreamDesk upstream_;
  SiteDesk sites_;
  FrontDesk front_desk_;
  std::optional<net::UnixServer> server_;
  NetworkFace network_;
  std::unique_ptr<net::AddressWatch> address_;
  std::optional<ReadableWatch> address_readable_;
  std::unique_ptr<Alarm> beat_;
  std::unique_ptr<Alarm> last_call_;  ///< bounds the clean stop
  std::uint64_t pushed_ = 0;          ///< how many facts the link was told of
};

}  // namespace latchkey
