#include "load/answers.h"

#include <algorithm>
#include <charconv>

namespace latchkey::load {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::string_view kLength = "Content-Length: ";
constexpr std::size_t kStatusAt = 9;  // after "HTTP/1.1 "
constexpr std::size_t kMaxHead = 16 * 1024;

template <class Number>
bool read_number(std::string_view text, std::size_t at, Number& number) {
  const auto* end = text.data() + text.size();
  return at < text.size() && std::from_chars(text.data() + at, end, number).ec == std::errc();
}

}  // namespace

std::optional<AnswerSplitter::Answer> AnswerSplitter::take(std::string_view& bytes) {
  if (broken_ || (!in_body_ && !take_head(bytes))) return std::nullopt;
  const auto piece = bytes.substr(0, body_left_);
  if (answer_.status >= 300) error_.append(piece);
  bytes.remove_prefix(piece.size());
  body_left_ -= piece.size();
  if (body_left_ > 0) return std::nullopt;
  in_body_ = false;
  return answer_;
}

bool AnswerSplitter::take_head(std::string_view& bytes) {
  if (bytes.empty()) return false;
  const auto earlier = head_.size();
  if (earlier > 0) head_.append(bytes);
  const auto all = earlier > 0 ? std::string_view(head_) : bytes;
  const auto end = all.find(kEnd);
  if (end == std::string_view::npos) {
    if (earlier == 0) head_.assign(bytes);
    broken_ = head_.size() > kMaxHead;
    bytes = {};
    return false;
  }
  const auto size = end + kEnd.size();
  read_head(all.substr(0, size));
  bytes.remove_prefix(size - earlier);
  head_.clear();
  return !broken_;
}

void AnswerSplitter::read_head(std::string_view head) {
  answer_ = {};
  broken_ = !read_number(head, kStatusAt, answer_.status);
  const auto length = head.find(kLength);
  if (length != std::string_view::npos)
    broken_ = broken_ || !read_number(head, length + kLength.size(), answer_.body_bytes);
  else
    broken_ = broken_ || answer_.status != 204;
  body_left_ = answer_.body_bytes;
  if (answer_.status >= 300) error_.clear();
  in_body_ = true;
}

}  // namespace latchkey::load
