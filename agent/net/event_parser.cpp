#include "agent/net/event_parser.h"

namespace latchkey::net {
namespace {

constexpr std::size_t kMaxEvent = 16 * 1024 * 1024;

}  // namespace

EventParser::State EventParser::feed(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    rest_.append(bytes.substr(0, end));
    if (rest_.size() + data_.size() > kMaxEvent) return State::too_large;
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    const std::string whole = std::move(rest_);
    rest_.clear();
    if (!line(whole, take)) return State::stopped;
  }
  return State::more;
}

bool EventParser::line(std::string_view text, const Take& take) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) {
    const bool go_on = data_.empty() || take(event_, data_);
    event_.clear();
    data_.clear();
    return go_on;
  }
  const auto colon = text.find(':');
  std::string_view value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  const auto name = text.substr(0, colon);
  if (name == "event") event_ = value;
  if (name == "data") data_.append(data_.empty() ? "" : "\n").append(value);
  return true;
}

}  // namespace latchkey::net
