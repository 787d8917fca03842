#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "agent/net/unix_server.h"
#include "tests/support/temp_dir.h"

namespace latchkey::test {

/// A real server on a real Unix socket in a directory of its own, with its reactor on a thread.
class ServerThread {
 public:
  /// Runs `call` on the reactor and waits for what it returns.
  template <class Call>
  auto run(Call call) {
    std::packaged_task<decltype(call())()> task(std::move(call));
    auto result = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return result.get();
  }

  explicit ServerThread(net::Router router, net::UnixServerConfig config = {}) {
    if (config.path == net::UnixServerConfig{}.path) config.path = path();
    config.viewer_group.clear();
    config.admin_group.clear();
    config.consumer_group.clear();
    server_ = std::make_unique<net::UnixServer>(io_, config, std::move(router));
    const auto started = server_->start();
    if (!started) throw std::runtime_error(started.error().message);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ServerThread() {
    run([this] { server_.reset(); });
    work_.reset();
    io_.stop();
    thread_.join();
  }
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;

  std::string path() const { return (directory_.path() / "agent.sock").string(); }
  std::size_t connection_count() {
    return run([this] { return server_->connection_count(); });
  }

 private:
  TempDir directory_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::unique_ptr<net::UnixServer> server_;
  std::thread thread_;
};

/// Polls until `condition` holds, for at most 5 s.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

}  // namespace latchkey::test
