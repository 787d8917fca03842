#include "tools/latchkey-client/response_reader.h"

#include <algorithm>
#include <charconv>

namespace latchkey::client {
namespace {

constexpr std::string_view kEndOfLine = "\r\n", kEndOfHead = "\r\n\r\n";

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// RFC 9110 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/// Visible characters, spaces, tabs and obs-text (RFC 9110 5.5).
bool is_value(std::string_view text) {
  return std::ranges::none_of(text,
                              [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

bool same_word(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// Up to `max`; nothing when it is no number or beyond.
std::optional<std::size_t> number_of(std::string_view text, std::size_t max) {
  std::size_t value = 0;
  if (!is_digits(text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

}  // namespace

ResponseReader::State ResponseReader::refuse(const char* fault) {
  fault_ = fault;
  return state_ = State::refused;
}

ResponseReader::State ResponseReader::feed(std::string_view bytes) {
  if (state_ == State::refused || bytes.empty()) return state_;
  if (state_ == State::complete) return refuse("something stands behind the answer");
  if (in_body_) return take_body(bytes);
  // The end of the head may lie across two pieces.
  const auto search = head_.size() < 3 ? 0 : head_.size() - 3;
  const auto before = head_.size();
  head_.append(bytes.substr(0, kMaxHead - before));
  const auto end = head_.find(kEndOfHead, search);
  if (end == std::string::npos)
    return head_.size() == kMaxHead ? refuse("its head is too long") : state_;
  if (!read_head(std::string_view(head_).substr(0, end))) return state_;
  in_body_ = true;
  return take_body(bytes.substr(end + kEndOfHead.size() - before));
}

ResponseReader::State ResponseReader::take_body(std::string_view bytes) {
  const auto left = *length_ - answer_.body.size();
  if (bytes.size() > left) return refuse("something stands behind the answer");
  answer_.body.append(bytes);
  if (answer_.body.size() == *length_) state_ = State::complete;
  return state_;
}

bool ResponseReader::read_head(std::string_view head) {
  auto end = std::min(head.find(kEndOfLine), head.size());
  if (!read_status(head.substr(0, end))) return refuse("it is no HTTP/1.1"), false;
  while (end < head.size()) {
    head.remove_prefix(end + kEndOfLine.size());
    end = std::min(head.find(kEndOfLine), head.size());
    if (!read_field(head.substr(0, end))) return refuse("a header field is malformed"), false;
  }
  if (answer_.status == 204 && !length_) length_ = 0;
  if (!length_) return refuse("it does not say its length"), false;
  return true;
}

/// `HTTP/1.1 200 OK`
bool ResponseReader::read_status(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (!line.starts_with(kVersion) || !is_value(line)) return false;
  line.remove_prefix(kVersion.size());
  const auto status = number_of(line.substr(0, 3), 599);
  if (!status || *status < 200 || (line.size() > 3 && line[3] != ' ')) return false;
  answer_.status = static_cast<int>(*status);
  return true;
}

bool ResponseReader::read_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  if (!is_token(name) || !is_value(value)) return false;
  if (same_word(name, "transfer-encoding")) return false;
  if (same_word(name, "content-length")) {
    if (length_) return false;
    length_ = number_of(value, kMaxBody);
    return length_.has_value();
  }
  if (same_word(name, "connection")) answer_.close |= same_word(value, "close");
  // A date is another form of it, which agents do not use.
  if (same_word(name, "retry-after"))
    if (const auto seconds = number_of(value, 86'400)) answer_.retry_after.emplace(*seconds);
  return true;
}

}  // namespace latchkey::client
