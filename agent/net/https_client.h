#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace boost::asio {
class io_context;
}

namespace latchkey::net {

/// What the agent shows a license server, and what it holds the server against.
struct HttpsCard {
  /// Of the CA that the server has to belong to (agent/identity/certificate_pin.h); the server
  /// shows that CA's certificate behind its own.
  std::string pin;
  std::string ca{};                  ///< PEM; not empty: that CA instead of the pinned one
  std::string certificate{}, key{};  ///< PEM; empty: none is shown
};

struct HttpsRequest {
  std::string method;
  std::string target;
  std::string body{};  ///< JSON; empty: none
};
struct HttpsAnswer {
  int status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  ///< RFC 9110 10.2.3, in seconds only
};

/// A request under way; destroying it gives up and calls nobody.
class HttpsCall {
 public:
  virtual ~HttpsCall() = default;
};

/// The agent's side of another deployment's port 8201: HTTP/1.1 over TLS 1.3, one connection per
/// request, at most 256 KiB of answer. Reactor thread only; never blocks.
class HttpsClient {
 public:
  using Done = std::function<void(Result<HttpsAnswer>)>;

  HttpsClient(boost::asio::io_context& io, std::chrono::milliseconds deadline)
      : io_(io), deadline_(deadline) {}

  /// `server`: `https://HOST[:8201]`. `done` runs once, later, on the reactor. Errors:
  /// `address-invalid`, `server-unreachable`, `server-untrusted`, `tls-certificate` (the card's).
  [[nodiscard]] std::unique_ptr<HttpsCall> ask(const std::string& server, const HttpsCard& card,
                                               HttpsRequest request, Done done);

 private:
  boost::asio::io_context& io_;
  const std::chrono::milliseconds deadline_;
};

/// `https://HOST[:PORT]` with the usual port added. Error: `address-invalid`.
Result<std::string> canonical_server(const std::string& server);

}  // namespace latchkey::net
