#include "agent/net/response_head.h"

#include <array>
#include <charconv>

namespace latchkey::net {
namespace {

constexpr std::string_view kConnectionClose = "Connection: close\r\n";

/// RFC 9110 5.6.7; formatted once a second at most.
std::string_view date_field(std::time_t now) {
  static thread_local std::array<char, 48> text{};
  static thread_local std::time_t formatted = -1;
  static thread_local std::size_t size = 0;
  if (now != formatted) {
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    // The agent never calls setlocale, so these are the English names that the RFC asks for.
    size = std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    formatted = now;
  }
  return {text.data(), size};
}

void append_number(std::string& out, std::size_t value) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_status(std::string& out, int status, std::time_t now) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(status));
  out.append(" ").append(reason_phrase(status)).append("\r\n").append(date_field(now));
}

}  // namespace

void write_head(const Response& response, Persistence persistence, std::time_t now,
                std::string& out) {
  append_status(out, response.status, now);
  if (response.status != 204 && response.status != 304) {
    out.append("Content-Type: ").append(response.content_type).append("\r\nContent-Length: ");
    append_number(out, response.payload().size());
    out.append("\r\n");
  }
  for (const auto& [name, value] : response.headers)
    out.append(name).append(": ").append(value).append("\r\n");
  if (persistence == Persistence::close) out.append(kConnectionClose);
  if (persistence == Persistence::keep_http_1_0) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
}

void write_stream_head(std::time_t now, std::string& out) {
  append_status(out, 200, now);
  out.append("Content-Type: text/event-stream\r\nCache-Control: no-store\r\n");
  out.append(kConnectionClose).append("\r\n");
}

}  // namespace latchkey::net
