#include "agent/app/network_face.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"

namespace latchkey {
namespace {

namespace names = log::names;

constexpr std::size_t kPemLimit = 64 * 1024;

/// Of the interfaces that are up; link-local ones are no use in a certificate.
std::vector<std::string> own_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> list(first, ::freeifaddrs);
  std::vector<std::string> addresses;
  for (const auto* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    std::array<char, NI_MAXHOST> text{};
    const auto size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (::getnameinfo(one->ifa_addr, static_cast<socklen_t>(size), text.data(), text.size(),
                      nullptr, 0, NI_NUMERICHOST) == 0 &&
        std::ranges::find(text, '%') == text.end())
      addresses.emplace_back(text.data());
  }
  return addresses;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// By which clients may call this node, sorted, each once.
std::vector<std::string> certificate_names(const Config::Server& config, const std::string& node) {
  auto all = own_addresses();
  all.insert(all.end(), {"localhost", host_name(), node, config.vip});
  all.insert(all.end(), config.names.begin(), config.names.end());
  // A node's name is for people: one that is no host name is left out, not refused.
  std::erase_if(all, [&](const std::string& name) {
    return name.empty() || (name == node && name.find_first_of(" ,:/") != std::string::npos);
  });
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace

NetworkFace::NetworkFace(boost::asio::io_context& io, const Clock& clock, AccessDesk& access,
                         Config::Server config, std::string page, std::string node)
    : io_(io),
      clock_(clock),
      access_(access),
      config_(std::move(config)),
      page_listen_(std::move(page)),
      node_(std::move(node)) {}

Result<net::TlsMaterial> NetworkFace::material() {
  const auto* authority = access_.authority();
  if (authority == nullptr) return fail("crypto-failed", "The deployment has no CA; see the log.");
  net::TlsMaterial material{{}, {}, authority->certificate_pem()};
  pin_ = authority->pin();
  if (!config_.certificate.empty()) {
    names_.clear();
    LK_TRY(material.chain, read_small_file(config_.certificate, kPemLimit));
    LK_TRY(material.key, read_small_file(config_.key, kPemLimit));
    return material;
  }
  names_ = certificate_names(config_, node_);
  LK_TRY(auto made, authority->issue_server(names_, clock_.now()));
  renew_after_ = made.renew_after;
  material.chain = std::move(made.chain_pem);
  material.key = std::move(made.key_pem);
  return material;
}

Result<net::TlsServer::Context> NetworkFace::make_context() {
  LK_TRY(const auto shown, material());
  return net::make_tls_context(shown);
}

void NetworkFace::tell_access() {
  access_.listening({address_, names_, !config_.certificate.empty()});
}

Result<void> NetworkFace::start(net::Router router) {
  LK_CHECK(start_server(router));
  return start_page(std::move(router));
}

Result<void> NetworkFace::start_page(net::Router router) {
  if (page_listen_.empty()) return {};
  page_.emplace(io_, std::move(router), access_.doorman());
  LK_TRY(const auto address, page_->start(page_listen_));
  log::info(names::kPageListening, {{"address", address}});
  return {};
}

Result<void> NetworkFace::start_server(net::Router router) {
  if (config_.listen.empty()) return {};
  LK_TRY(auto context, make_context());
  net::TlsServerConfig server;
  server.listen = config_.listen;
  server_.emplace(io_, server, std::move(router), access_.doorman());
  LK_TRY(address_, server_->start(std::move(context)));
  tell_access();
  log::info(names::kServerListening, {{"address", address_}, {"pin", pin_}});
  return {};
}

void NetworkFace::beat() {
  review();  // sessions end by themselves
  if (!server_ || !config_.certificate.empty()) return;
  if (clock_.now() >= renew_after_ || certificate_names(config_, node_) != names_) renew();
}

void NetworkFace::follow_deployment() {
  const auto* authority = access_.authority();
  if (server_ && authority != nullptr && authority->pin() != pin_) renew();
}

void NetworkFace::renew() {
  if (const auto outcome = reload(config_); !outcome)
    log::error(names::kServerFailed,
               {{"code", outcome.error().code}, {"detail", outcome.error().message}});
}

Result<void> NetworkFace::reload(const Config::Server& wanted) {
  config_.certificate = wanted.certificate;
  config_.key = wanted.key;
  config_.names = wanted.names;
  if (!server_) return {};
  LK_TRY(auto context, make_context());
  server_->use(std::move(context));
  tell_access();
  log::info(names::kServerCertificate, {{"own", config_.certificate.empty() ? "no" : "yes"}});
  return {};
}

void NetworkFace::review() {
  if (server_) server_->review();
  if (page_) page_->review();
}

void NetworkFace::stop() {
  page_.reset();
  server_.reset();
}

}  // namespace latchkey
