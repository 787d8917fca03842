#include "agent/net/request_reader.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "agent/net/target.h"

namespace latchkey::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string_view view(string_view text) { return {text.data(), text.size()}; }

/// Beast's parser, writing straight into our Request instead of Beast's own (allocating) field
/// container.
class Parser final : public http::basic_parser<true> {
 public:
  Parser(Request& request, Result<void>& target_error, const ReaderLimits& limits,
         const BodyLimit& limit)
      : request_(request), target_error_(target_error), usual_(limits.body_bytes), limit_(limit) {
    body_limit(usual_);
  }

  bool expects_continue() const { return expects_continue_; }
  bool http_1_0() const { return version_ == 10; }

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    version_ = version;
    request_.method.assign(method.data(), method.size());
    target_error_ = net::parse_target(view(target), request_.path, request_.query);
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field name, string_view text, string_view value,
                     error_code& ec) override {
    if (name == http::field::content_type)
      request_.content_type.assign(value.data(), value.size());
    else if (name == http::field::host)
      request_.host.assign(value.data(), value.size());
    else if (name == http::field::origin)
      request_.origin.assign(value.data(), value.size());
    else if (name == http::field::accept_encoding)
      request_.accept_encoding.assign(value.data(), value.size());
    else if (name == http::field::if_none_match)
      request_.if_none_match.assign(value.data(), value.size());
    else if (name == http::field::content_length)
      judge_limit();
    else if (name == http::field::cookie)
      take_cookie(value);
    else if (name == http::field::unknown && boost::beast::iequals(text, "x-latchkey-csrf"))
      request_.csrf.assign(value.data(), value.size());
    // Ends the parsing here, so that Beast's chunk parser never sees a hostile byte: Boost 1.81's
    // trusts a final chunk to be longer than it has checked (its assertion `n >= 5`).
    else if (name == http::field::transfer_encoding)
      ec = http::error::bad_transfer_encoding;
    else if (name == http::field::expect)
      expects_continue_ = boost::beast::iequals(value, "100-continue");
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override {
    request_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  /// Only for a request that has a body: most have none.
  void judge_limit() {
    has_body_ = true;
    if (limit_ && target_error_) body_limit(limit_(request_, usual_));
  }
  /// A session may be let in where a stranger is not.
  void take_cookie(string_view value) {
    request_.cookie.assign(value.data(), value.size());
    if (has_body_) judge_limit();
  }

  Request& request_;
  Result<void>& target_error_;
  const std::size_t usual_;
  const BodyLimit& limit_;
  bool expects_continue_ = false;
  bool has_body_ = false;
  int version_ = 11;
};

Response refusal_for(const error_code& error) {
  if (error == http::error::body_limit)
    return problem(413,
                   {"body-too-large", "The request body is too large.",
                    "Send less: 16 MiB are taken for a license package by an administrator, 1 MiB "
                    "for anything else."});
  if (error == http::error::header_limit)
    return problem(431, {"header-too-large", "The request header is too large.",
                         "Send fewer or shorter header fields."});
  if (error == http::error::bad_transfer_encoding)
    return problem(411, {"length-required", "The request's body comes without its length.",
                         "Send the body with Content-Length, not with Transfer-Encoding."});
  return problem(400, {"bad-request", "The request is no valid HTTP: " + error.message() + ".",
                       "Correct the request; docs/api.yaml lists the routes."});
}

}  // namespace

struct RequestReader::Impl {
  Impl(ReaderLimits l, BodyLimit b) : limits(l), body_limit(std::move(b)) { restart(); }

  void restart() {
    parser.emplace(request, target_error, limits, body_limit);
    parser->eager(true);
    parser->header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    header_bytes = 0;
    state = State::incomplete;
    for (auto* field : {&request.content_type, &request.host, &request.origin, &request.cookie,
                        &request.csrf, &request.accept_encoding, &request.if_none_match})
      field->clear();
    request.body.clear();
    if (request.body.capacity() > limits.header_bytes) request.body.shrink_to_fit();
  }

  void refuse(Response response) {
    state = State::refused;
    refusal = std::move(response);
  }

  ReaderLimits limits;
  BodyLimit body_limit;
  Request request;
  Result<void> target_error;
  std::optional<Parser> parser;
  std::size_t header_bytes = 0;  ///< eaten before the header was complete
  State state = State::incomplete;
  Response refusal;
};

RequestReader::RequestReader(ReaderLimits limits, BodyLimit body_limit)
    : impl_(std::make_unique<Impl>(limits, std::move(body_limit))) {}
RequestReader::~RequestReader() = default;

std::size_t RequestReader::feed(std::string_view input) {
  auto& parser = *impl_->parser;
  const bool in_header = !parser.is_header_done();
  error_code error;
  const std::size_t used = parser.put({input.data(), input.size()}, error);
  if (in_header && !parser.is_header_done()) impl_->header_bytes += used;
  if (error == http::error::need_more) {
    // Beast counts its limit per piece; the header as a whole, eaten or not, is what has to stay
    // bounded.
    if (impl_->header_bytes + (input.size() - used) >= impl_->limits.header_bytes)
      impl_->refuse(refusal_for(http::error::header_limit));
  } else if (error) {
    impl_->refuse(refusal_for(error));
  } else if (parser.is_done()) {
    impl_->state = State::complete;
    if (!impl_->target_error) impl_->refuse(problem(400, impl_->target_error.error()));
  }
  return used;
}

RequestReader::State RequestReader::state() const { return impl_->state; }
bool RequestReader::started() const { return impl_->parser->got_some(); }
bool RequestReader::wants_continue() const {
  const auto& parser = *impl_->parser;
  return parser.is_header_done() && !parser.is_done() && parser.expects_continue();
}
bool RequestReader::keep_alive() const { return impl_->parser->keep_alive(); }
bool RequestReader::http_1_0() const { return impl_->parser->http_1_0(); }
Request& RequestReader::request() { return impl_->request; }
const Response& RequestReader::refusal() const { return impl_->refusal; }
void RequestReader::next() { impl_->restart(); }

}  // namespace latchkey::net
