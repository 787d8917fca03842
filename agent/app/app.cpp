#include "agent/app/app.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/api/routes.h"
#include "agent/app/trust_files.h"
#include "agent/systemd/notify.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "agent/web/page_routes.h"
#include "latchkey_version.h"

namespace latchkey {
namespace {

namespace names = log::names;

constexpr std::chrono::milliseconds kStopLimit{600};
constexpr std::chrono::milliseconds kWorkerLimit{200};

PeerConfig peer_config(const Config& config, const Identity& identity) {
  PeerConfig peer;
  peer.identity_dir = identity.directory();
  peer.node = identity.node_id();
  peer.name = config.node.name;
  peer.listen = config.peer.listen;
  peer.advertise = config.peer.advertise;
  return peer;
}

net::UnixServerConfig server_config(const Config::Api& api) {
  net::UnixServerConfig server;
  server.path = api.socket.string();
  server.viewer_group = api.viewer_group;
  server.admin_group = api.admin_group;
  server.consumer_group = api.consumer_group;
  return server;
}

/// In the order of their arrival.
std::vector<const Bytes*> installed_bundles(const StoreContents& contents) {
  std::map<std::string_view, const Bytes*> documents;
  for (const auto& document : contents.documents) documents[document.hash] = &document.envelope;
  std::vector<const Bytes*> bundles;
  for (const auto& stored : contents.facts) {
    const auto* installed = std::get_if<TrustInstalled>(&stored.fact.body);
    const auto known = installed ? documents.find(installed->document) : documents.end();
    if (known != documents.end()) bundles.push_back(known->second);
  }
  return bundles;
}

}  // namespace

Result<AppParts> load_parts(Config config, std::filesystem::path config_file) {
  LK_TRY(auto identity, Identity::load_or_create(config.state_dir));
  LK_TRY(auto configured, load_trust(config.trust));
  LK_TRY(const auto chain, new_chain_id(system_random));
  LK_TRY(auto opened, open_or_heal(config.state_dir / "latchkey.db", chain));
  LK_TRY(auto trust, open_trust(configured, installed_bundles(opened.contents)));
  LK_TRY(auto leases, load_leases(*opened.database, system_random));
  return AppParts{std::move(config),     std::move(config_file),
                  std::move(identity),   read_machine_factors(system_sources()),
                  std::move(configured), std::move(trust),
                  std::move(opened),     std::move(leases)};
}

App::App(AppParts parts)
    : config_(std::move(parts.config)),
      config_file_(std::move(parts.config_file)),
      identity_(std::move(parts.identity)),
      damage_(std::move(parts.opened.damage)),
      lease_damage_(std::move(parts.leases.damage)),
      clock_(parts.opened.contents),
      settings_(std::make_shared<ReadSettings>(parts.trust.trust(),
                                               identity_.deployment_key().public_key())),
      store_(std::make_unique<SqliteStore>(reactor_, std::move(parts.opened.database))),
      publisher_(reactor_, clock_, config_.catalog.content,
                 [this](StatusView& view) { complete(view); }),
      log_(reactor_, clock_, *store_, system_random,
           {identity_.node_id(), config_.keys.settle, config_.peer.hold,
            [this] { return clock_.take_jump(); },
            [this](const TimeRepaired& repaired, ByteView document,
                   const std::vector<ByteView>& bundles) {
              return time_.check(repaired, document, bundles);
            }},
           std::move(parts.opened.contents), [this] { changed(); }),
      keys_(context_, reactor_, clock_, log_, identity_, config_.keys,
            make_reader(settings_, config_.keys.call_deadline), [this] { changed(); }),
      peer_desk_(log_, clock_, identity_, *settings_, [this] { changed(); }),
      link_(context_, reactor_, clock_, peer_config(config_, identity_), peer_desk_),
      time_({reactor_, clock_, log_, *store_, link_, identity_, *settings_,
             [this] { return names(); }, [this] { keys_.refresh(); }}),
      licenses_({reactor_, clock_, log_, keys_, link_, settings_, config_.catalog.content,
                 [this] {
                   return Premises{identity_.deployment_id(), names()};
                 },
                 publisher_.documents(),
                 [this](const TimeRepair& repair, Document document, const std::string& by,
                        Backend::JsonDone done) {
                   time_.use(repair, std::move(document), by, std::move(done));
                 }},
                identity_.node_id(), make_writer(settings_, config_.keys.call_deadline)),
      requests_(log_, identity_, std::move(parts.machine), [this] { return names(); }),
      trust_({clock_, log_, settings_, [this] { return names(); }, [this] { keys_.refresh(); }},
             std::move(parts.configured_trust), std::move(parts.trust)),
      leases_(
          {reactor_, clock_, log_, *store_, publisher_, config_.catalog.content, identity_,
           boot_seconds, config_.leases.least_ttl, config_.server.vip, [this] { return names(); },
           [this](LeaseWord word) { link_.say(std::move(word)); }, [this] { link_.beat(); }},
          std::move(parts.leases)),
      pools_(publisher_, leases_, config_.catalog.content),
      metrics_({clock_, publisher_, leases_, peer_desk_, *store_, traffic_, boot_seconds}),
      access_(
          {reactor_, clock_, log_, link_, identity_, [this] { return names(); }, system_random}),
      upstream_({reactor_, clock_, log_, leases_, identity_,
                 [this](const std::string& server, const net::HttpsCard& card,
                        net::HttpsRequest request, net::HttpsClient::Done done) {
                   return https_.ask(server, card, std::move(request), std::move(done));
                 },
                 boot_seconds, system_random, config_.upstream, [this] { return draws_here(); }}),
      sites_({clock_, publisher_, identity_, upstream_.consumers(),
              [this]() -> const UpstreamState& { return upstream_.state(); },
              std::max(config_.server.site_grace, config_.leases.least_ttl)}),
      front_desk_(log_, *store_, publisher_, keys_, licenses_, leases_, pools_, metrics_, requests_,
                  trust_, time_, link_, access_, sites_, upstream_, [this] { return names(); }),
      network_(context_, clock_, access_, config_.server, config_.web.listen, config_.node.name),
      beat_(reactor_.alarm()),
      last_call_(reactor_.alarm()) {
  publisher_.on_published([this] {
    clock_.believe_issued(settings_->get().first->bundle().issued);
    clock_.believe_licenses(publisher_.decision(), identity_.node_id());
    keys_.write_stamps(publisher_.decision());
    licenses_.published(publisher_.decision());
    time_.published();
    leases_.published();
    upstream_.published();
  });
  peer_desk_.keep_leases(leases_.desk());
  peer_desk_.on_peer_has([this](const ChainHeads& theirs) {
    licenses_.peer_has(theirs);
    time_.peer_has(theirs);
    access_.peer_has(theirs);
  });
}

Result<void> App::start() {
  publisher_.publish(log_);
  server_.emplace(context_, server_config(config_.api), routes(Way::socket));
  LK_CHECK(server_->start());
  for (const auto& note : server_->notes())
    log::warning(names::kAgentStarted, {{"code", note.code}, {"detail", note.message}});
  if (!damage_.empty()) {
    log::error(names::kHistoryWarning, {{"code", "chain-broken"}, {"detail", damage_}});
    // Before the start, which is judged by it (Absences in core/deployment/timeline.cpp).
    log_.witness([this](Witness& w, Time now) { w.warn(now, "chain-broken", damage_); });
  }
  if (!lease_damage_.empty()) {
    log::error(names::kHistoryWarning, {{"code", "leases-damaged"}, {"detail", lease_damage_}});
    log_.witness([this](Witness& w, Time now) { w.warn(now, "leases-damaged", lease_damage_); });
  }
  log_.witness([](Witness& w, Time now) { w.start(now, kVersion); });
  requests_.tell_factors();
  LK_CHECK(keys_.start());
  LK_CHECK(network_.start(routes(Way::tcp)));
  LK_CHECK(link_.start());
  LK_CHECK(watch_address());
  log_.when_durable([] { systemd::ready(); });
  beat_->set(beat_interval(), [this] { beat(); });
  wait_for_signal();
  log::info(names::kAgentStarted, {{"version", kVersion},
                                   {"node", identity_.node_id()},
                                   {"name", config_.node.name},
                                   {"deployment", identity_.deployment_id()},
                                   {"socket", config_.api.socket.string()}});
  if (!config_.keys.emulated_port.empty())
    log::warning(names::kEmulatedPort, {{"path", config_.keys.emulated_port.string()}});
  return {};
}

/// SPEC SRV-4: the leases follow the virtual address.
Result<void> App::watch_address() {
  if (config_.server.vip.empty()) return {};
  LK_TRY(address_, net::AddressWatch::start(config_.server.vip, [this](bool here) {
           leases_.desk().set_address_seen(here);
         }));
  address_readable_.emplace(context_, address_->fd(), [this] { address_->handle_readable(); });
  return {};
}

bool App::run() {
  context_.run();
  const bool clean = keys_.stop(kWorkerLimit);
  store_.reset();  // what was witnessed is on the disk now
  return clean;
}

void App::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal != SIGHUP) return stop();
    reload();
    wait_for_signal();
  });
}

void App::stop() {
  log::info(names::kAgentStopping);
  systemd::stopping();
  last_call_->set(kStopLimit, [this] { context_.stop(); });
  beat_->cancel();
  server_.reset();
  network_.stop();
  address_readable_.reset();
  link_.stop();
  upstream_.stop();
  keys_.stop(std::chrono::milliseconds(0));
  log_.note_jump();
  keep_clock(clock_.memory());
  log_.witness([](Witness& w, Time now) { w.stop(now); });
  log_.when_durable([this] { context_.stop(); });
}

void App::reload() {
  systemd::reloading();
  auto wanted = load_config(config_file_);
  if (!wanted) {
    for (const auto& problem : wanted.error())
      log::error(names::kConfigRefused, {{"problem", to_string(problem)}});
    return systemd::ready();
  }
  for (const auto& key : needs_restart(config_, *wanted))
    log::warning(names::kConfigNeedsRestart, {{"key", key}});
  if (const auto outcome = reload_trust(wanted->trust))
    config_.trust = std::move(wanted->trust);
  else
    log::error(names::kConfigRefused, {{"problem", outcome.error().message}});
  if (const auto outcome = network_.reload(wanted->server); !outcome)
    log::error(names::kConfigRefused, {{"problem", outcome.error().message}});
  config_.catalog = std::move(wanted->catalog);
  config_.keys.rescan = wanted->keys.rescan;
  config_.log_level = wanted->log_level;
  log::set_level(config_.log_level);
  beat();
  log::info(names::kConfigReloaded);
  systemd::ready();
}

Result<void> App::reload_trust(const Config::Trust& wanted) {
  LK_TRY(auto configured, load_trust(wanted));
  return trust_.configure(std::move(configured));
}

/// The requests to all servers are counted together. Browsers come by TCP.
net::Router App::routes(Way way) {
  auto router = make_routes(front_desk_);
  if (way == Way::tcp) web::add_page_routes(router);
  router.count_in(traffic_);
  return router;
}

std::chrono::milliseconds App::beat_interval() const {
  std::chrono::milliseconds interval = config_.keys.rescan;
  if (const auto limit = systemd::watchdog_limit())
    interval = std::min(interval, std::chrono::floor<std::chrono::milliseconds>(*limit / 2));
  return interval;
}

/// The only timer of an idle agent: rescan (SPEC KEY-13), watchdog, a snapshot whose forecast is
/// not stale, and the floor of license time.
void App::beat() {
  systemd::alive();
  keys_.rescan();
  network_.beat();
  licenses_.rescan();
  log_.note_jump();
  time_.look();
  publisher_.publish(log_);
  if (auto memory = clock_.memory_due()) keep_clock(std::move(*memory));
  beat_->set(beat_interval(), [this] { beat(); });
}

/// What cannot be kept now is due again; the facts are a floor as well.
void App::keep_clock(std::string memory) {
  store_->keep_clock(std::move(memory), [](const Result<void>& outcome) {
    if (!outcome)
      log::warning(names::kClockNotKept,
                   {{"code", outcome.error().code}, {"detail", outcome.error().message}});
  });
}

void App::changed() {
  requests_.tell_factors();
  trust_.look();
  time_.look();
  if (access_.look()) network_.review();
  upstream_.look();
  network_.follow_deployment();
  publisher_.publish(log_);
  const auto known = log_.facts().entries().size();
  if (std::exchange(pushed_, known) != known) link_.push();
}

void App::complete(StatusView& view) {
  view.version = kVersion;
  view.node = identity_.node_id();
  view.node_name = config_.node.name;
  view.names = names();
  view.deployment = identity_.deployment_id();
  view.server_address = network_.address();
  view.clock = clock_.view();
  view.consumption = leases_.consumption();
  view.upstream = upstream_.capacity();
  view.disconnected = upstream_.trouble();
  view.peer = link_.status();
  view.reading = keys_.reading();
  view.read_at = keys_.read_at();
  view.without_key = keys_.without_key();
  view.emulated_port = !config_.keys.emulated_port.empty();
}

/// Who keeps the leases knows what is needed. While nobody does, the first of two that see each
/// other.
bool App::draws_here() const {
  if (const auto& holder = leases_.desk(); !holder.nobody()) return holder.ours();
  const auto peer = link_.status();
  return peer.link != LinkState::up || identity_.node_id() < peer.node;
}

NodeNames App::names() const {
  NodeNames names{{identity_.node_id(), config_.node.name}};
  if (const auto peer = link_.status(); !peer.node.empty()) names.emplace(peer.node, peer.name);
  return names;
}

}  // namespace latchkey
