#include "agent/app/site_consumers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace latchkey {
namespace {

constexpr std::size_t kMaxHeldBack = 1024;

/// Not what a cap or the quota refuses: there is not enough.
bool lacks(const net::Response& answer) {
  if (answer.status != 409) return false;
  const auto body = nlohmann::json::parse(answer.payload(), nullptr, false);
  return body.is_object() && body.value("code", "") == "capacity-exhausted";
}

}  // namespace

void SiteConsumers::state_usage(const net::Caller& caller, const std::string& consumer,
                                const UsageStatement& statement, net::Done done) {
  if (!draw_.connected()) return leases_.state_usage(caller, consumer, statement, std::move(done));
  // Whether this node draws is known when it answers: the first consumer makes it keep the leases.
  Waiting waiting{caller, consumer, statement, std::move(done)};
  leases_.state_usage(caller, consumer, statement,
                      [this, waiting = std::move(waiting)](net::Response answer) mutable {
                        refused(std::move(waiting), std::move(answer));
                      });
}

void SiteConsumers::refused(Waiting waiting, net::Response answer) {
  if (answer.status == 200) draw_.used();
  if (waiting_.size() == kMaxHeldBack || !lacks(answer) || !draw_.possible())
    return waiting.done(std::move(answer));
  waiting_.push_back(std::move(waiting));
  draw_.start();
}

Quantities SiteConsumers::waiting() const {
  Quantities sum;
  for (const auto& one : waiting_) {
    const auto held = leases_.held_by(one.consumer);
    for (const auto& [pool, quantity] : one.statement.usage) {
      const auto has = held.find(pool);
      const auto less = has == held.end() ? 0 : std::min(has->second, quantity);
      sum[pool] += quantity - less;
    }
  }
  return sum;
}

void SiteConsumers::settle() {
  for (auto& one : std::exchange(waiting_, {}))
    leases_.state_usage(one.caller, one.consumer, one.statement, std::move(one.done));
}

}  // namespace latchkey
