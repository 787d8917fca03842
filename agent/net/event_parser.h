#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace latchkey::net {

/// Takes a text/event-stream apart (WHATWG HTML 9.2.6, as far as the agent uses it: event and
/// data). Hostile input: one event may hold 16 MiB.
class EventParser {
 public:
  using Take = std::function<bool(std::string_view event, std::string_view data)>;
  enum class State { more, stopped, too_large };

  /// Feeds the next bytes; `stopped` as soon as `take` returned false.
  State feed(std::string_view bytes, const Take& take);

 private:
  bool line(std::string_view text, const Take& take);

  std::string rest_;  ///< the line that is not complete yet
  std::string event_;
  std::string data_;
};

}  // namespace latchkey::net
