#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "agent/peer/proof.h"
#include "agent/peer/transport.h"
#include "tests/unit/peer/nodes.h"

namespace latchkey::test {

using peer::ChannelPtr;
using peer::Message;

/// Speaks to a node by hand, with the certificate in `identity_dir`.
class Speaker {
 public:
  Speaker(Loop& loop, const std::filesystem::path& identity_dir)
      : loop_(loop),
        identity_(peer::TlsIdentity::load_or_create(identity_dir).value()),
        transport_(loop.io, loop.reactor, identity_, std::chrono::seconds(2)) {}

  /// Empty when the handshake succeeded, as far as the client can tell.
  std::string dial(const std::string& address, const std::string& pin) {
    std::optional<Result<ChannelPtr>> answer;
    const auto attempt = transport_.dial(
        address, pin, [&](Result<ChannelPtr> result) { answer = std::move(result); });
    if (!loop_.until([&] { return answer.has_value(); })) return "no-answer";
    if (!*answer) return answer->error().code;
    channel_ = **answer;
    channel_->set_frame_limit(peer::kFrameLimit);
    channel_->set_events({[this](Message message) { heard.push_back(std::move(message)); },
                          [this](const Error&) { closed = true; }});
    return "";
  }
  void listen(const std::string& address) {
    ASSERT_TRUE(transport_.listen(
        address, [](const std::string&) { return true; }, [](const ChannelPtr&) {}));
  }
  void say(const Message& message) { channel_->send(message); }
  void say_text(const std::string& text) { channel_->send_text(text); }
  bool waits_for_close() {
    return loop_.until([this] { return closed; });
  }
  /// The code of the refusal that came before the close; "" for none.
  std::string refusal() const {
    for (const auto& message : heard)
      if (const auto* const refused = std::get_if<peer::Refusal>(&message))
        return refused->error.code;
    return "";
  }
  const std::string& pin() const { return identity_.pin(); }

  std::vector<Message> heard;
  bool closed = false;

 private:
  Loop& loop_;
  peer::TlsIdentity identity_;
  peer::Transport transport_;
  ChannelPtr channel_;
};

/// Two paired nodes, of which one is spoken to.
struct HostileTest : ::testing::Test {
  HostileTest() {
    pair(loop, a, b);
    pin_of_a = b.link->status().pin;
  }
  peer::Hello hello_of_b() { return {1, id_of('b'), "node-b", "", id_of('2'), {}}; }

  Loop loop;
  Node a{loop, 'a'};
  Node b{loop, 'b'};
  std::string pin_of_a;
};

}  // namespace latchkey::test
