#include "agent/peer/inviter.h"

#include <algorithm>

#include "agent/peer/transport.h"
#include "core/base/same_secret.h"

namespace latchkey::peer {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kRemembered = 16;
constexpr std::size_t kGuestsLimit = 8;
constexpr const char* kInviteAgain =
    "Run `latchkey peer invite` on the inviting node and use the token that it prints.";

/// ":port" means: at the address the guest came from.
std::string resolved(const std::string& address, const Channel& channel) {
  if (!address.starts_with(':')) return address;
  return join_address(channel.remote_host(), address.substr(1));
}

void refuse(Channel& channel, const Error& error) {
  channel.send(Refusal{error});
  channel.finish();
}

}  // namespace

Inviter::Inviter(Self self, const Clock& clock, Reactor& reactor,
                 std::chrono::milliseconds deadline, Admit admit)
    : self_(std::move(self)),
      clock_(clock),
      reactor_(reactor),
      deadline_(deadline),
      admit_(std::move(admit)) {}

Inviter::~Inviter() {
  for (const auto& guest : guests_) guest.channel->close();
}

Invitation Inviter::open(std::string address, std::string deployment, Duration life) {
  for (auto& [id, record] : invitations_)
    if (record.state == State::open) record.state = State::replaced;
  if (invitations_.size() >= kRemembered)
    invitations_.erase(std::min_element(
        invitations_.begin(), invitations_.end(),
        [](const auto& a, const auto& b) { return a.second.made < b.second.made; }));
  const auto now = clock_.now();
  auto secret = random_bytes(kSecretBytes);
  const auto id = invitation_id(secret);
  const Token token{std::move(address), self_.pin, secret, now + life, std::move(deployment)};
  invitations_[id] = {std::move(secret), token.expires, now};
  return {encode_token(token), token.expires};
}

std::optional<Time> Inviter::open_until() const {
  for (const auto& [id, record] : invitations_)
    if (record.state == State::open && clock_.now() < record.expires) return record.expires;
  return std::nullopt;
}

Result<Inviter::Record*> Inviter::usable(const std::string& id) {
  const auto found = invitations_.find(id);
  if (found == invitations_.end())
    return fail("token-unknown", "The inviting node does not know this token.", kInviteAgain);
  auto& record = found->second;
  if (record.state == State::used)
    return fail("token-used", "This token was used already.", kInviteAgain);
  if (record.state == State::replaced)
    return fail("token-unknown", "A newer invitation replaced this token.", kInviteAgain);
  if (clock_.now() >= record.expires)
    return fail("token-expired", "This token expired at " + format_time(record.expires) + ".",
                kInviteAgain);
  return &record;
}

Result<void> Inviter::check(const PairRequest& request) {
  if (request.version != kVersion)
    return fail("version-unknown", "The joining node speaks another version of the protocol.",
                "Run the same version of the agent on both nodes.");
  if (request.node == self_.node)
    return fail("same-node", "The joining node has the id of the inviting one: its disk is a copy.",
                "Delete the joining node's state directory and join again.");
  LK_CHECK(usable(request.invitation).map([](Record*) {}));
  return {};
}

void Inviter::serve(ChannelPtr channel, const PairRequest& request) {
  if (const auto ok = check(request); !ok) return refuse(*channel, ok.error());
  if (guests_.size() == kGuestsLimit) {
    const auto oldest = guests_.front().channel;
    guests_.pop_front();
    oldest->close();
  }
  const auto nonce = to_hex(random_bytes(kNonceBytes));
  auto* const raw = channel.get();
  guests_.push_back({std::move(channel),
                     reactor_.alarm(),
                     request.invitation,
                     {self_.pin, raw->pin(), nonce, request.nonce, request.node},
                     {request.node, request.name, resolved(request.address, *raw), raw->pin()}});
  auto& guest = guests_.back();
  guest.alarm->set(deadline_, [this, raw] { dismiss(raw); });
  raw->set_events({[this, &guest](Message message) { answer(guest, std::move(message)); },
                   [this, raw](const Error&) { dismiss(raw); }});
  raw->send(PairChallenge{nonce});
}

void Inviter::answer(Guest& guest, Message message) {
  const auto channel = guest.channel;
  const auto* const proof = std::get_if<PairProof>(&message);
  auto grant = proof != nullptr
                   ? admit(guest, proof->proof)
                   : Result<PairGrant>(fail("pairing-broken", "The joining node sent no proof.",
                                            "Run the same version of the agent on both nodes."));
  if (grant) {
    channel->send(*grant);
    channel->finish();
  } else {
    refuse(*channel, grant.error());
  }
  dismiss(channel.get());
}

Result<PairGrant> Inviter::admit(const Guest& guest, const std::string& proof) {
  // Another guest may have used it since it was asked for.
  LK_TRY(auto* const record, usable(guest.invitation));
  if (!same_secret(proof, joiner_proof(record->secret, guest.transcript)))
    return fail("proof-wrong", "The joining node does not hold the token's secret.", kInviteAgain);
  LK_TRY(auto membership, admit_(guest.peer));
  record->state = State::used;
  return PairGrant{inviter_proof(record->secret, guest.transcript), self_.node, self_.name,
                   std::move(membership)};
}

void Inviter::dismiss(const Channel* channel) {
  const auto found = std::find_if(guests_.begin(), guests_.end(),
                                  [&](const Guest& g) { return g.channel.get() == channel; });
  if (found == guests_.end()) return;
  const auto kept = found->channel;
  guests_.erase(found);
  kept->finish();
}

}  // namespace latchkey::peer
