#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/peer/message.h"

namespace latchkey::peer {

/// Messages over one encrypted connection whose far end holds the key behind pin(). Reactor thread
/// only. A closed channel calls nobody any more, except `closed`, once, when the closing was not
/// ours.
class Channel {
 public:
  struct Events {
    std::function<void(Message)> message;
    std::function<void(Error)> closed;
  };
  virtual ~Channel() = default;
  virtual const std::string& pin() const = 0;
  virtual const std::string& remote_host() const = 0;  ///< numeric address
  /// Whom to call; may be replaced, also from within a call.
  virtual void set_events(Events events) = 0;
  /// Frames above `limit` bytes close the channel from now on.
  virtual void set_frame_limit(std::size_t limit) = 0;
  virtual void send(const Message& message) = 0;
  /// As send(), for an encoded message.
  virtual void send_text(std::string_view text) = 0;
  virtual void close() = 0;
  /// Sends what is queued, then closes.
  virtual void finish() = 0;
};
using ChannelPtr = std::shared_ptr<Channel>;

}  // namespace latchkey::peer
