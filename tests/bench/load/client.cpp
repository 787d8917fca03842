#include "load/client.h"

namespace latchkey::load {

bool Client::flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const auto size = wire_->write(std::string_view(out_).substr(sent));
    if (!size) return false;
    if (*size == 0) break;
    sent += *size;
  }
  if (sent == out_.size())
    out_.clear();
  else
    out_.erase(0, sent);
  return true;
}

}  // namespace latchkey::load
