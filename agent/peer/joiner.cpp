#include "agent/peer/joiner.h"

#include <utility>

#include "core/base/same_secret.h"

namespace latchkey::peer {
namespace {

tl::unexpected<Error> broken(std::string why) {
  return fail("pairing-broken", std::move(why),
              "Run `latchkey peer invite` on the inviting node again and join with the new token.");
}

}  // namespace

Joiner::Joiner(Transport& transport, Reactor& reactor, Self self, Token token, Done done)
    : transport_(transport),
      self_(std::move(self)),
      token_(std::move(token)),
      done_(std::move(done)),
      alarm_(reactor.alarm()) {
  transcript_ = {token_.pin, self_.pin, {}, to_hex(random_bytes(kNonceBytes)), self_.node};
}

Joiner::~Joiner() {
  if (channel_) channel_->close();
}

void Joiner::start(std::chrono::milliseconds deadline) {
  attempt_ = transport_.dial(token_.address, token_.pin,
                             [this](Result<ChannelPtr> result) { dialled(std::move(result)); });
  // The dial has a deadline of its own; this one bounds the conversation after it.
  alarm_->set(2 * deadline, [this] { end(broken("The inviting node stopped answering.")); });
}

void Joiner::dialled(Result<ChannelPtr> result) {
  if (!result) return end(tl::make_unexpected(result.error()));
  attempt_.reset();
  channel_ = *result;
  channel_->set_frame_limit(kStrangerFrameLimit);
  channel_->set_events(
      {[this](const Message& message) { answer(message); }, [this](const Error&) { lost(); }});
  channel_->send(PairRequest{kVersion, invitation_id(token_.secret), self_.node, self_.name,
                             self_.address, transcript_.joiner_nonce});
}

void Joiner::answer(const Message& message) {
  if (const auto* const refusal = std::get_if<Refusal>(&message))
    return end(tl::make_unexpected(refusal->error));
  const bool proven = !transcript_.inviter_nonce.empty();
  if (const auto* const challenge = std::get_if<PairChallenge>(&message); challenge && !proven)
    return challenged(*challenge);
  if (const auto* const grant = std::get_if<PairGrant>(&message); grant && proven)
    return granted(*grant);
  end(broken("The inviting node sent something else than was due."));
}

void Joiner::challenged(const PairChallenge& challenge) {
  transcript_.inviter_nonce = challenge.nonce;
  channel_->send(PairProof{joiner_proof(token_.secret, transcript_)});
}

void Joiner::granted(const PairGrant& grant) {
  if (!same_secret(grant.proof, inviter_proof(token_.secret, transcript_)))
    return end(fail("proof-wrong", "The other side does not hold the token's secret.",
                    "Take the token from the inviting node again."));
  if (grant.membership.deployment != token_.deployment)
    return end(broken("The inviting node changed its deployment since it made the token."));
  end(Grant{{grant.node, grant.name, token_.address, token_.pin}, grant.membership});
}

/// A node that has invited nobody since it started shuts the door without a word.
void Joiner::lost() {
  if (!transcript_.inviter_nonce.empty())
    return end(broken("The connection to the inviting node broke."));
  end(fail("token-unknown", "The inviting node closed the connection: it knows no invitation.",
           "Run `latchkey peer invite` there; a restart voids the invitations made before it."));
}

void Joiner::end(Result<Grant> result) {
  alarm_->cancel();
  if (channel_) channel_->close();
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

}  // namespace latchkey::peer
