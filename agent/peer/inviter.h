#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/peer/channel.h"
#include "agent/peer/link.h"
#include "agent/peer/pinned_peer.h"
#include "agent/peer/proof.h"
#include "agent/reactor/reactor.h"

namespace latchkey::peer {

/// The inviting side of a pairing: keeps the invitations in memory (a restart voids them) and lets
/// in whoever proves to hold an open one.
class Inviter {
 public:
  struct Self {
    std::string node;
    std::string name;
    std::string pin;
  };
  /// Pins the guest durably and says what it gets. An error goes to the guest and leaves the
  /// invitation open.
  using Admit = std::function<Result<Membership>(const PinnedPeer&)>;

  Inviter(Self self, const Clock& clock, Reactor& reactor, std::chrono::milliseconds deadline,
          Admit admit);
  ~Inviter();

  /// Voids the open one.
  Invitation open(std::string address, std::string deployment, Duration life);
  /// When the open invitation ends; none without one.
  std::optional<Time> open_until() const;
  /// True once anything was invited: a stranger may be told then why its token does not count.
  bool expects_strangers() const { return !invitations_.empty(); }
  void serve(ChannelPtr channel, const PairRequest& request);

 private:
  enum class State { open, used, replaced };
  struct Record {
    Bytes secret;
    Time expires;
    Time made;
    State state = State::open;
  };
  struct Guest {
    ChannelPtr channel;
    std::unique_ptr<Alarm> alarm;
    std::string invitation;
    Transcript transcript;
    PinnedPeer peer;
  };

  Result<Record*> usable(const std::string& id);
  Result<void> check(const PairRequest& request);
  void answer(Guest& guest, Message message);
  Result<PairGrant> admit(const Guest& guest, const std::string& proof);
  void dismiss(const Channel* channel);

  Self self_;
  const Clock& clock_;
  Reactor& reactor_;
  std::chrono::milliseconds deadline_;
  Admit admit_;
  std::map<std::string, Record> invitations_;
  std::list<Guest> guests_;
};

}  // namespace latchkey::peer
