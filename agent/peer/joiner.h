#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/peer/message.h"
#include "agent/peer/pinned_peer.h"
#include "agent/peer/proof.h"
#include "agent/peer/transport.h"
#include "agent/reactor/reactor.h"

namespace latchkey::peer {

/// The joining side of a pairing, from the token to a grant that is proven to come from the
/// inviter.
class Joiner {
 public:
  struct Self {
    std::string node;
    std::string name;
    std::string address;  ///< as in Hello
    std::string pin;
  };
  struct Grant {
    PinnedPeer inviter;
    Membership membership;
  };
  /// Runs once, last; the joiner may be destroyed in it.
  using Done = std::function<void(Result<Grant>)>;

  Joiner(Transport& transport, Reactor& reactor, Self self, Token token, Done done);
  ~Joiner();
  Joiner(const Joiner&) = delete;
  Joiner& operator=(const Joiner&) = delete;

  void start(std::chrono::milliseconds deadline);

 private:
  void dialled(Result<ChannelPtr> result);
  void answer(const Message& message);
  void challenged(const PairChallenge& challenge);
  void granted(const PairGrant& grant);
  void lost();
  void end(Result<Grant> result);

  Transport& transport_;
  Self self_;
  Token token_;
  Done done_;
  std::unique_ptr<Alarm> alarm_;
  std::unique_ptr<Transport::Attempt> attempt_;
  ChannelPtr channel_;
  Transcript transcript_;
};

}  // namespace latchkey::peer
