#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "agent/peer/link.h"
#include "agent/reactor/asio_reactor.h"
#include "tests/support/fixed_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/peer/fake_host.h"

namespace latchkey::test {

/// One reactor that a test runs until something is so.
class Loop {
 public:
  /// False after `limit`.
  template <class Condition>
  bool until(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.restart();
      io.run_one_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    until([] { return false; }, time);
  }

  boost::asio::io_context io;
  AsioReactor reactor{io};
  FixedClock clock{Time(std::chrono::hours(24 * 20000))};
};

inline constexpr std::chrono::milliseconds kTestSilence{400};

/// A node whose agent can be stopped and started again: its files and its facts stay.
struct Node {
  Node(Loop& loop_in, char letter, std::string listen = "127.0.0.1:0")
      : loop(loop_in), host(id_of(letter), std::string(32, static_cast<char>(letter - 'a' + '1'))) {
    config.identity_dir = dir.path();
    config.node = id_of(letter);
    config.name = std::string("node-") + letter;
    config.listen = std::move(listen);
    config.heartbeat = std::chrono::milliseconds(100);
    config.silence = kTestSilence;
    config.redial_min = std::chrono::milliseconds(20);
    config.redial_max = std::chrono::milliseconds(100);
    config.handshake = std::chrono::milliseconds(2000);
    start();
  }
  void start() {
    link = std::make_unique<PeerLink>(loop.io, loop.reactor, loop.clock, config, host);
    const auto started = link->start();
    ASSERT_TRUE(started) << started.error().message;
    // The next start listens where the peer knows us.
    if (!config.listen.empty()) config.listen = link->status().listening;
  }
  void stop() { link.reset(); }
  void write(const std::string& port) {
    host.write(port);
    link->push();
  }
  bool up() const { return link->status().link == LinkState::up; }

  Loop& loop;
  TempDir dir;
  FakeHost host;
  PeerConfig config;
  std::unique_ptr<PeerLink> link;
};

/// The answer of a join, as the joiner's administrator sees it.
inline Result<void> join(Loop& loop, Node& joiner, const std::string& token) {
  std::optional<Result<void>> answer;
  joiner.link->join(token, [&](Result<void> result) { answer = std::move(result); });
  if (!loop.until([&] { return answer.has_value(); })) return fail("no-answer", "no answer");
  return *answer;
}

inline std::string code_of(const Result<void>& result) { return result ? "" : result.error().code; }

inline void pair(Loop& loop, Node& inviter, Node& joiner) {
  const auto invitation = inviter.link->invite();
  ASSERT_TRUE(invitation) << invitation.error().message;
  const auto joined = join(loop, joiner, invitation->token);
  ASSERT_TRUE(joined) << joined.error().message;
  ASSERT_TRUE(loop.until([&] { return inviter.up() && joiner.up(); }));
}

}  // namespace latchkey::test
