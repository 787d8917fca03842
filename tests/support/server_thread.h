#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "agent/net/unix_server.h"
#include "tests/support/reactor_thread.h"
#include "tests/support/temp_dir.h"

namespace latchkey::test {

/// A real server on a real Unix socket in a directory of its own, with its reactor on a thread.
class ServerThread : public ReactorThread {
 public:
  explicit ServerThread(net::Router router, net::UnixServerConfig config = {}) {
    if (config.path == net::UnixServerConfig{}.path) config.path = path();
    config.viewer_group.clear();
    config.admin_group.clear();
    config.consumer_group.clear();
    const auto started = run([&] {
      server_ = std::make_unique<net::UnixServer>(io(), config, std::move(router));
      return server_->start();
    });
    if (started) return;
    run([this] { server_.reset(); });
    throw std::runtime_error(started.error().message);
  }
  ~ServerThread() {
    run([this] { server_.reset(); });
  }
  ServerThread(const ServerThread&) = delete;
  ServerThread& operator=(const ServerThread&) = delete;

  std::string path() const { return (directory_.path() / "agent.sock").string(); }
  std::size_t connection_count() {
    return run([this] { return server_->connection_count(); });
  }

 private:
  TempDir directory_;
  std::unique_ptr<net::UnixServer> server_;
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
