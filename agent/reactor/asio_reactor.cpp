#include "agent/reactor/asio_reactor.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace latchkey {
namespace {

class AsioAlarm final : public Alarm {
 public:
  explicit AsioAlarm(boost::asio::io_context& context) : timer_(context) {}

  void set(std::chrono::milliseconds after, std::function<void()> call) override {
    timer_.expires_after(after);
    // A call that was already due when the alarm was re-set or destroyed must not run: the ticket
    // tells.
    ticket_ = std::make_shared<bool>(true);
    timer_.async_wait([call = std::move(call), ticket = std::weak_ptr<bool>(ticket_)](
                          const boost::system::error_code& error) {
      if (!error && !ticket.expired()) call();
    });
  }
  void cancel() override {
    ticket_.reset();
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> ticket_;
};

}  // namespace

void AsioReactor::post(std::function<void()> call) { boost::asio::post(context_, std::move(call)); }

std::unique_ptr<Alarm> AsioReactor::alarm() { return std::make_unique<AsioAlarm>(context_); }

}  // namespace latchkey
