#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace latchkey::net {

/// What a stream can be waited for.
enum class Ready { read, write };

/// Is told when a stream can go on; a stream keeps it alive until then.
class StreamUser {
 public:
  virtual ~StreamUser() = default;
  /// Once for each wait(); `alive` false: closed, on this side or the other.
  virtual void on_ready(Ready what, bool alive) = 0;
};

/// The bytes of one connection, by readiness: nothing is kept for a connection that is silent.
/// Plain on the Unix socket, TLS on TCP. Reactor thread only.
class Stream {
 public:
  struct Io {
    enum class State {
      some,         ///< `size` bytes went through, at least one
      needs_read,   ///< wait(Ready::read), then call again
      needs_write,  ///< wait(Ready::write), then call again; TLS may say so of a read
      closed,       ///< by the other side, or broken
    };
    State state = State::closed;
    std::size_t size = 0;
  };

  virtual ~Stream() = default;
  virtual Io read_some(std::span<char> into) = 0;
  /// Of `head` and then `body`, as much as goes now; a call that had to wait is repeated with the
  /// same bytes.
  virtual Io write_some(std::string_view head, std::string_view body) = 0;
  virtual void wait(Ready what, std::shared_ptr<StreamUser> user) = 0;
  virtual void close() = 0;
};

}  // namespace latchkey::net
