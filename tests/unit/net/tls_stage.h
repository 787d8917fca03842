#pragma once

#include <csignal>
#include <map>

#include "agent/identity/authority.h"
#include "agent/net/tls_context.h"
#include "agent/net/tls_server.h"
#include "tests/support/certificate_request.h"
#include "tests/support/tls_client.h"
#include "tests/unit/net/stage.h"

namespace latchkey::net {

/// Knows by pin, or by the one session; the test says who.
class ListDoorman final : public Doorman {
 public:
  Caller caller_of(const Request& request) override {
    if (request.cookie == "session") return {Right::view, "mary", "account:mary"};
    const auto known = rights.find(request.from.pin);
    if (known == rights.end()) return {{}, request.from.address};
    return {known->second, "pinned", "identity:1"};
  }
  std::optional<Response> objection(const Request& request) override {
    ++objections;
    if (request.from.pin.empty() || rights.count(request.from.pin) != 0) return std::nullopt;
    return problem(403, {"identity-unknown", "No.", "Do."});
  }
  std::map<std::string, Rights> rights;
  int objections = 0;  ///< that were asked for: uses of a session
};

/// A real TLS server on the loopback, with its reactor on a thread.
class TlsStage : public test::ReactorThread {
 public:
  explicit TlsStage(TlsServerConfig config = {}) {
    std::signal(SIGPIPE, SIG_IGN);  // as the agent does: OpenSSL writes with write(2)
    config.listen = "127.0.0.1:0";
    address = run([&] {
      server_ = std::make_unique<TlsServer>(io(), config, stage.router(), doorman);
      return server_->start(context()).value();
    });
  }
  ~TlsStage() {
    run([this] { server_.reset(); });
  }
  TlsStage(const TlsStage&) = delete;
  TlsStage& operator=(const TlsStage&) = delete;

  std::size_t connection_count() {
    return run([this] { return server_->connection_count(); });
  }
  TlsServer& server() { return *server_; }
  TlsServer::Context context() const {
    const auto made = authority.issue_server({"127.0.0.1"}, now()).value();
    return make_tls_context({made.chain_pem, made.key_pem, authority.certificate_pem()}).value();
  }
  static Time now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

  /// One whom `from` issued a certificate at `at`.
  static test::TlsCard card_of(const Authority& from, const PrivateKey& key, Time at) {
    return {from.issue_client(key.public_key(), {"web", "1"}, at).value(), key.plain_pem().value(),
            from.certificate_pem()};
  }
  /// One who may view.
  test::TlsCard guest() {
    const auto key = PrivateKey::generate(KeyAlgorithm::ecdsa_p256).value();
    run([&] { doorman.rights[key.public_key().fingerprint()] = Right::view; });
    return card_of(authority, key, now());
  }

  Stage stage;
  ListDoorman doorman;
  Authority authority =
      Authority::create(PrivateKey::generate(KeyAlgorithm::ed25519).value()).value();
  std::string address;

 private:
  std::unique_ptr<TlsServer> server_;
};

}  // namespace latchkey::net
