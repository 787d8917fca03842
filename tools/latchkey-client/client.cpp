#include "tools/latchkey-client/client.h"

#include <utility>

#include "tools/latchkey-client/credentials.h"
#include "tools/latchkey-client/request.h"
#include "tools/latchkey-client/session.h"

namespace latchkey::client {

Client::Client(std::shared_ptr<Session> session) : session_(std::move(session)) {}

Result<std::unique_ptr<Client>> Client::open(Options options) {
  LK_CHECK(check_consumer(options.consumer));
  LK_CHECK(check_ttl(options.ttl_s));
  Credentials credentials;
  if (!options.directory.empty()) {
    LK_TRY(credentials, read_credentials(options.directory));
  }
  std::vector<Address> servers;
  bool tls = false;
  for (const auto& text : options.servers.empty() ? credentials.servers : options.servers) {
    LK_TRY(auto address, parse_address(text));
    tls |= address.tls;
    servers.push_back(std::move(address));
  }
  if (servers.empty())
    return fail("bad-argument", "No server is named.", "Name servers, or a directory.");
  if (tls && options.directory.empty())
    return fail("bad-argument", "An https server needs credentials.",
                "Enrol with `latchkey connect`, and name its directory.");
  TlsContext context;
  if (tls) {
    LK_TRY(context, make_tls(credentials.card));
  }
  const auto session =
      std::make_shared<Session>(std::move(options), std::move(servers), std::move(context));
  LK_CHECK(session->start());
  return std::unique_ptr<Client>(new Client(session));
}

Client::~Client() { close(false, std::chrono::seconds(1)); }

Result<void> Client::use(Usage usage) {
  LK_CHECK(check_usage(usage));
  session_->use(std::move(usage));
  return {};
}

ClientStatus Client::status() const { return session_->status(); }

ClientStatus Client::wait(std::chrono::milliseconds timeout) const {
  return session_->wait(timeout);
}

bool Client::close(bool release, std::chrono::milliseconds timeout) {
  return session_->close(release, timeout);
}

}  // namespace latchkey::client
