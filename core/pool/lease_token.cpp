#include "core/pool/lease_token.h"

#include <optional>

namespace latchkey {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kDeployment = 8;

tl::unexpected<Error> invalid() {
  return fail("token-invalid", "The lease's token was not made by this deployment, or was changed.",
              "Leave it out, and state the usage again.");
}

}  // namespace

LeaseSeal::LeaseSeal(ByteView secret, const DeploymentId& deployment)
    : hmac_(secret), head_{kFormat} {
  const auto hash = sha256(as_bytes(deployment));
  head_.insert(head_.end(), hash.begin(), hash.begin() + kDeployment);
}

std::string LeaseSeal::seal(const LeaseLedger& ledger, LeaseLedger::Slot slot) {
  LeaseWriter writer(ledger.names());
  ledger.write(slot, writer);
  message_.assign(head_.begin(), head_.end());
  message_.insert(message_.end(), writer.bytes().begin(), writer.bytes().end());
  Digest mac{};
  if (!hmac_.mac(message_, mac)) return {};
  message_.insert(message_.end(), mac.begin(), mac.end());
  return to_base64url(message_);
}

Result<Lease> LeaseSeal::open(std::string_view token) {
  if (token.size() > kMaxToken) return invalid();
  const auto bytes = from_base64url(token);
  if (!bytes || bytes->size() < head_.size() + Digest().size()) return invalid();
  const ByteView all(*bytes);
  const auto message = all.first(all.size() - Digest().size());
  if (!hmac_.verify(message, all.last(Digest().size()))) return invalid();
  if (!std::equal(head_.begin(), head_.end(), message.begin())) return invalid();
  std::optional<Lease> lease;
  const LeaseChanges only{[&lease](const Lease& one) { lease = one; },
                          [](std::string_view, LeaseVersion) {}};
  if (!read_leases(message.subspan(head_.size()), only) || !lease) return invalid();
  return *std::move(lease);
}

}  // namespace latchkey
