#include "agent/net/api_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include "agent/net/event_parser.h"

namespace latchkey::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t kMaxAnswer = 64 * 1024 * 1024;

/// One connection; every step is given the same patience.
class Exchange {
 public:
  explicit Exchange(std::chrono::milliseconds patience) : patience_(patience), socket_(io_) {}

  error_code connect(const std::string& path) {
    // Asio throws for a path that no socket address can hold.
    if (path.empty() || path.size() > 107) return asio::error::invalid_argument;
    return step([&](auto done) {
      socket_.async_connect(stream_protocol::endpoint(path), [done](error_code e) { done(e); });
    });
  }

  error_code send(http::verb method, const std::string& target, const std::string& body) {
    http::request<http::string_body> request(method, target, 11, body);
    request.set(http::field::host, "latchkey");
    if (method != http::verb::get) {
      request.set(http::field::content_type, "application/json");
      request.prepare_payload();
    }
    return step([&](auto done) {
      http::async_write(socket_, request, [done](error_code e, std::size_t) { done(e); });
    });
  }

  error_code receive(http::response_parser<http::string_body>& parser) {
    parser.body_limit(kMaxAnswer);
    return step([&](auto done) {
      http::async_read(socket_, buffer_, parser, [done](error_code e, std::size_t) { done(e); });
    });
  }

  error_code receive_header(http::response_parser<http::string_body>& parser) {
    parser.body_limit(kMaxAnswer);
    return step([&](auto done) {
      http::async_read_header(socket_, buffer_, parser,
                              [done](error_code e, std::size_t) { done(e); });
    });
  }

  /// What came along behind a header.
  std::string take_rest() {
    std::string rest(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    buffer_.clear();
    return rest;
  }
  std::size_t read_some(std::array<char, 16 * 1024>& bytes, error_code& error) {
    return socket_.read_some(asio::buffer(bytes), error);
  }

 private:
  template <class Start>
  error_code step(Start start) {
    error_code result = asio::error::timed_out;
    start([&result](error_code e) { result = e; });
    io_.restart();
    io_.run_for(patience_);
    if (io_.stopped()) return result;
    error_code ignored;
    socket_.close(ignored);
    io_.run();  // lets the operation end before what it writes to goes away
    return asio::error::timed_out;
  }

  std::chrono::milliseconds patience_;
  asio::io_context io_;
  stream_protocol::socket socket_;
  boost::beast::flat_buffer buffer_;
};

tl::unexpected<Error> unreachable(const std::string& path, const error_code& error) {
  if (error == asio::error::access_denied)
    return fail(
        "not-permitted", "You may not use the agent's socket " + path + ".",
        "Run it as root, or join the group latchkey (usermod -aG latchkey USER) and log in anew.");
  if (error == asio::error::timed_out)
    return fail("agent-unreachable", "The agent at " + path + " does not answer in time.",
                "Look at its log: journalctl -u latchkey-agent.");
  return fail("agent-unreachable", "No agent answers at " + path + ": " + error.message() + ".",
              "Start it (systemctl start latchkey-agent), or name its socket with --socket.");
}

tl::unexpected<Error> bad_answer(const std::string& what) {
  return fail("bad-answer", "The agent's answer cannot be read: " + what + ".",
              "Check that the agent and this tool have the same version.");
}

std::string member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<nlohmann::json> body_of(const http::response<http::string_body>& response,
                               nlohmann::json* refusal = nullptr) {
  auto body = nlohmann::json::parse(response.body(), nullptr, false);
  if (body.is_discarded()) return bad_answer("it is no JSON");
  if (response.result_int() < 400) return body;
  if (!body.is_object() || member(body, "code").empty())
    return bad_answer("status " + std::to_string(response.result_int()) + " without a code");
  if (refusal) *refusal = body;
  return fail(member(body, "code"), member(body, "detail"), member(body, "cure"));
}

using Response = http::response<http::string_body>;

Result<Response> exchange(const std::string& socket, std::chrono::milliseconds patience,
                          http::verb method, const std::string& target, const std::string& body) {
  Exchange exchange(patience);
  if (const auto error = exchange.connect(socket)) return unreachable(socket, error);
  // A full or refusing server may have answered and closed before it took all of the request: read
  // in any case.
  const auto send_error = exchange.send(method, target, body);
  http::response_parser<http::string_body> parser;
  if (const auto error = exchange.receive(parser)) {
    const error_code no_http = http::error::bad_version;
    if (error.category() == no_http.category() && error != http::error::end_of_stream)
      return bad_answer(error.message());
    return unreachable(socket, send_error ? send_error : error);
  }
  return parser.release();
}

Result<nlohmann::json> json_of(const Result<Response>& response,
                               nlohmann::json* refusal = nullptr) {
  return response ? body_of(*response, refusal) : tl::make_unexpected(response.error());
}

}  // namespace

ApiClient::ApiClient(std::string socket, std::chrono::milliseconds patience)
    : socket_(std::move(socket)), patience_(patience) {}

Result<nlohmann::json> ApiClient::get(const std::string& target) const {
  return json_of(exchange(socket_, patience_, http::verb::get, target, {}));
}

Result<TextPage> ApiClient::get_text(const std::string& target) const {
  LK_TRY(auto response, exchange(socket_, patience_, http::verb::get, target, {}));
  if (response.result_int() >= 400) {
    const auto refusal = json_of(response);
    return refusal ? bad_answer("a refusal without a reason")
                   : tl::make_unexpected(refusal.error());
  }
  return TextPage{std::move(response.body()), std::string(response[kNextHeader])};
}

Result<nlohmann::json> ApiClient::post(const std::string& target, const std::string& body,
                                       nlohmann::json* refusal) const {
  return json_of(exchange(socket_, patience_, http::verb::post, target, body), refusal);
}

Result<nlohmann::json> ApiClient::put(const std::string& target, const std::string& body) const {
  return json_of(exchange(socket_, patience_, http::verb::put, target, body));
}

Result<nlohmann::json> ApiClient::remove(const std::string& target, const std::string& body) const {
  return json_of(exchange(socket_, patience_, http::verb::delete_, target, body));
}

Result<void> ApiClient::watch(const std::string& target, const TakeEvent& take) const {
  Exchange exchange(patience_);
  if (const auto error = exchange.connect(socket_)) return unreachable(socket_, error);
  http::response_parser<http::string_body> head;
  auto error = exchange.send(http::verb::get, target, {});
  if (!error) error = exchange.receive_header(head);
  if (error) return unreachable(socket_, error);
  if (head.get().result() != http::status::ok) {
    if ((error = exchange.receive(head))) return unreachable(socket_, error);
    const auto refusal = body_of(head.get());
    return refusal ? bad_answer("no event stream") : tl::make_unexpected(refusal.error());
  }
  EventParser parser;
  auto state = parser.feed(exchange.take_rest(), take);
  std::array<char, 16 * 1024> bytes{};
  while (state == EventParser::State::more) {
    const auto size = exchange.read_some(bytes, error);
    if (error) return unreachable(socket_, error);
    state = parser.feed({bytes.data(), size}, take);
  }
  if (state == EventParser::State::too_large) return bad_answer("an event is too large");
  return {};
}

}  // namespace latchkey::net
