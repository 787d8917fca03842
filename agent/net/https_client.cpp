#include "agent/net/https_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <utility>
#include <vector>

#include "agent/identity/certificate_pin.h"
#include "core/base/host_port.h"

namespace latchkey::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kScheme = "https://";
constexpr std::string_view kUsualPort = "8201";
constexpr std::size_t kMaxAnswer = 256 * 1024;
constexpr std::uint32_t kMaxHead = 8 * 1024;

tl::unexpected<Error> bad_address(const std::string& server) {
  return fail("address-invalid", "\"" + server + "\" is no license server's address.",
              "Write https://HOST:8201.");
}

Result<HostPort> parse_server(std::string_view server) {
  if (!server.starts_with(kScheme)) return bad_address(std::string(server));
  auto rest = server.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  // In brackets a colon belongs to the address.
  const auto bracket = rest.rfind(']');
  const bool has_port = rest.find(':', bracket == rest.npos ? 0 : bracket) != rest.npos;
  auto parts = split_address(
      std::string(rest).append(has_port ? "" : ":").append(has_port ? "" : kUsualPort));
  if (!parts || parts->host.empty() || parts->host.find_first_of("/?#@ ") != std::string::npos)
    return bad_address(std::string(server));
  return parts;
}

/// The self-signed certificate at the chain's end is no anchor of ours; it is good all the same
/// when it is the pinned one. All else is OpenSSL's to say.
bool is_pinned(bool good, asio::ssl::verify_context& context, const std::string& pin) {
  auto* const store = context.native_handle();
  if (good || X509_STORE_CTX_get_error(store) != X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN) return good;
  auto* const last = X509_STORE_CTX_get_current_cert(store);
  if (last == nullptr || pin_of(last) != pin) return false;
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return true;
}

Result<std::shared_ptr<asio::ssl::context>> make_context(const HttpsCard& card) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX* const ctx = context->native_handle();
  error_code error;
  bool fits = SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1;
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  context->set_verify_mode(asio::ssl::verify_peer, error);
  if (!card.ca.empty())
    fits = fits && !context->add_certificate_authority(asio::buffer(card.ca), error);
  if (!card.certificate.empty())
    fits =
        fits &&
        !context->use_certificate(asio::buffer(card.certificate), asio::ssl::context::pem, error) &&
        !context->use_private_key(asio::buffer(card.key), asio::ssl::context::pem, error);
  ERR_clear_error();
  if (fits && !error) return context;
  return fail("tls-certificate", "The site's certificate or the CA given cannot be used.",
              "Connect again: `latchkey upstream connect`.");
}

/// Resolve, connect, shake hands, send, receive: until one deadline.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(asio::io_context& io, std::string server, HttpsClient::Done done)
      : server_(std::move(server)), done_(std::move(done)), resolver_(io), timer_(io) {}

  void start(asio::io_context& io, const HttpsCard& card, HttpsRequest request,
             std::chrono::milliseconds deadline) {
    auto parts = parse_server(server_);
    auto context = make_context(card);
    if (!parts || !context) {
      auto error = parts ? context.error() : parts.error();
      return asio::post(io, [self = shared_from_this(), error = std::move(error)] {
        self->end(tl::make_unexpected(error));
      });
    }
    address_ = *std::move(parts);
    context_ = *std::move(context);
    stream_.emplace(io, *context_);
    prepare(card, std::move(request));
    timer_.expires_after(deadline);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->end(self->unreachable("it does not answer in time"));
    });
    resolve();
  }

  void give_up() {
    done_ = nullptr;
    stop();
  }

 private:
  using Stream = asio::ssl::stream<tcp::socket>;

  /// A handler that goes on when there was no error.
  template <class Step>
  auto next(Step step) {
    return [self = shared_from_this(), step](error_code error, const auto&) {
      if (!self->done_) return;
      if (error) return self->end(self->unreachable(error.message()));
      step(*self);
    };
  }

  void prepare(const HttpsCard& card, HttpsRequest request) {
    auto* const wanted = SSL_get0_param(stream_->native_handle());
    error_code no_address;
    asio::ip::make_address(address_.host, no_address);
    if (no_address) {
      X509_VERIFY_PARAM_set1_host(wanted, address_.host.c_str(), 0);
      SSL_set_tlsext_host_name(stream_->native_handle(), address_.host.c_str());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(wanted, address_.host.c_str());
    }
    error_code ignored;
    if (card.ca.empty())
      stream_->set_verify_callback(
          [pin = card.pin](bool good, asio::ssl::verify_context& context) {
            return is_pinned(good, context, pin);
          },
          ignored);
    request_.version(11);
    request_.method_string(request.method);
    request_.target(request.target);
    request_.set(http::field::host, join_address(address_.host, address_.port));
    request_.set(http::field::connection, "close");
    if (!request.body.empty()) request_.set(http::field::content_type, "application/json");
    request_.body() = std::move(request.body);
    request_.prepare_payload();
    parser_.body_limit(kMaxAnswer);
    parser_.header_limit(kMaxHead);
  }

  void resolve() {
    error_code no_address;
    const auto host = asio::ip::make_address(address_.host, no_address);
    if (!no_address)
      return connect({tcp::endpoint(host, static_cast<std::uint16_t>(std::stoi(address_.port)))});
    resolver_.async_resolve(
        address_.host, address_.port,
        [self = shared_from_this()](error_code error, const tcp::resolver::results_type& found) {
          if (!self->done_) return;
          if (error) return self->end(self->unreachable(error.message()));
          std::vector<tcp::endpoint> endpoints;
          for (const auto& entry : found) endpoints.push_back(entry.endpoint());
          self->connect(std::move(endpoints));
        });
  }

  void connect(std::vector<tcp::endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    asio::async_connect(stream_->next_layer(), endpoints_,
                        next([](Exchange& self) { self.shake_hands(); }));
  }

  void shake_hands() {
    error_code ignored;
    stream_->next_layer().set_option(tcp::no_delay(true), ignored);
    stream_->async_handshake(Stream::client, [self = shared_from_this()](error_code error) {
      if (!self->done_) return;
      const auto verdict = SSL_get_verify_result(self->stream_->native_handle());
      if (error && verdict != X509_V_OK) return self->end(self->untrusted(verdict));
      if (error) return self->end(self->unreachable("no TLS 1.3: " + error.message()));
      self->send();
    });
  }

  /// A server that refuses may answer and close before it took all of the request: read anyway.
  void send() {
    http::async_write(*stream_, request_, [self = shared_from_this()](error_code, std::size_t) {
      if (self->done_) self->receive();
    });
  }

  void receive() {
    http::async_read(*stream_, buffer_, parser_, next([](Exchange& self) { self.answered(); }));
  }

  void answered() {
    const auto& response = parser_.get();
    HttpsAnswer answer{static_cast<int>(response.result_int()), response.body(), {}};
    const auto wait = response[http::field::retry_after];
    unsigned seconds = 0;
    if (std::from_chars(wait.data(), wait.data() + wait.size(), seconds).ec == std::errc() &&
        !wait.empty())
      answer.retry_after = std::chrono::seconds(seconds);
    end(std::move(answer));
  }

  tl::unexpected<Error> unreachable(const std::string& why) const {
    return fail("server-unreachable", "No license server answers at " + server_ + ": " + why + ".",
                "Check the address, the network, and that its agent runs with server.listen.");
  }
  tl::unexpected<Error> untrusted(long verdict) const {
    return fail("server-untrusted",
                "The server at " + server_ + " is not the one that was enrolled with: " +
                    X509_verify_cert_error_string(verdict) + ".",
                "Check the address. If that deployment was founded anew, connect again; if it has "
                "a certificate of another CA, give that with --ca.");
  }

  void end(Result<HttpsAnswer> result) {
    const auto self = shared_from_this();
    const auto done = std::exchange(done_, nullptr);
    stop();
    if (done) done(std::move(result));
  }

  void stop() {
    error_code ignored;
    timer_.cancel();
    resolver_.cancel();
    if (stream_) stream_->next_layer().close(ignored);
  }

  const std::string server_;
  HttpsClient::Done done_;
  HostPort address_;
  std::shared_ptr<asio::ssl::context> context_;
  std::optional<Stream> stream_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  std::vector<tcp::endpoint> endpoints_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  boost::beast::flat_buffer buffer_;
};

class Call final : public HttpsCall {
 public:
  explicit Call(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~Call() override { exchange_->give_up(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace

std::unique_ptr<HttpsCall> HttpsClient::ask(const std::string& server, const HttpsCard& card,
                                            HttpsRequest request, Done done) {
  auto exchange = std::make_shared<Exchange>(io_, server, std::move(done));
  exchange->start(io_, card, std::move(request), deadline_);
  return std::make_unique<Call>(std::move(exchange));
}

Result<std::string> canonical_server(const std::string& server) {
  LK_TRY(const auto parts, parse_server(server));
  return std::string(kScheme) + join_address(parts.host, parts.port);
}

}  // namespace latchkey::net
