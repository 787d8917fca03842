#pragma once

#include <boost/asio/io_context.hpp>

#include "agent/reactor/reactor.h"

namespace latchkey {

/// Includes Asio, so only main and the wiring include this header.
class AsioReactor final : public Reactor {
 public:
  explicit AsioReactor(boost::asio::io_context& context) : context_(context) {}
  void post(std::function<void()> call) override;
  std::unique_ptr<Alarm> alarm() override;

 private:
  boost::asio::io_context& context_;
};

}  // namespace latchkey
