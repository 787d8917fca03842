#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace latchkey {

/// Calls back on the reactor whenever a file descriptor is readable (level-triggered), until it is
/// destroyed. Works on a dup() of it, since Asio closes what it watches.
class ReadableWatch {
 public:
  ReadableWatch(boost::asio::io_context& context, int fd, std::function<void()> readable);
  ~ReadableWatch();
  ReadableWatch(const ReadableWatch&) = delete;
  ReadableWatch& operator=(const ReadableWatch&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace latchkey
