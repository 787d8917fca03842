#include "agent/reactor/readable_watch.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace latchkey {

class ReadableWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& context, int fd, std::function<void()> readable)
      : descriptor_(context, ::dup(fd)), readable_(std::move(readable)) {}

  void wait() {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             if (error || self->stopped_) return;
                             self->readable_();
                             // The call may have ended the watch.
                             if (!self->stopped_) self->wait();
                           });
  }
  void stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
  }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
  std::function<void()> readable_;
  bool stopped_ = false;
};

ReadableWatch::ReadableWatch(boost::asio::io_context& context, int fd,
                             std::function<void()> readable)
    : impl_(std::make_shared<Impl>(context, fd, std::move(readable))) {
  impl_->wait();
}

ReadableWatch::~ReadableWatch() { impl_->stop(); }

}  // namespace latchkey
