#include "agent/app/upstream_line.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/json.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

constexpr JsonLimits kAnswerLimits{.bytes = 256 * 1024, .depth = 8};
constexpr std::size_t kMaxText = 400;
constexpr std::chrono::seconds kLongestAsked{120};
constexpr int kMisdirected = 421;

Error odd_answer() {
  return {"bad-answer", "The license server's answer cannot be understood.",
          "Check that the address is that of a Latchkey agent, and of the same version."};
}

/// Foreign text, as it may stand in an alert: bounded, one line.
std::string line_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  auto text = found->get<std::string>().substr(0, kMaxText);
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

std::uint64_t number_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

UpstreamRefusal refusal_in(const net::HttpsAnswer& answer) {
  UpstreamRefusal refusal{odd_answer(), answer.status, {}, {}};
  if (answer.retry_after) refusal.retry_after = std::min(*answer.retry_after, kLongestAsked);
  const auto body = parse_json(answer.body, kAnswerLimits);
  if (!body || !body->is_object() || line_in(*body, "code").empty()) return refusal;
  refusal.error = {line_in(*body, "code"), line_in(*body, "detail"), line_in(*body, "cure")};
  const auto pool = body->find("pool");
  if (pool != body->end() && pool->is_object())
    refusal.left = {PoolId{line_in(*pool, "object"), line_in(*pool, "unit")},
                    number_in(*pool, "available")};
  return refusal;
}

}  // namespace

void UpstreamLine::use(std::vector<std::string> servers, net::HttpsCard card) {
  cancel();
  servers_ = std::move(servers);
  card_ = std::move(card);
  current_ = 0;
}

void UpstreamLine::cancel() {
  call_.reset();
  done_ = nullptr;
}

void UpstreamLine::ask(net::HttpsRequest request, Done done) {
  request_ = std::move(request);
  done_ = std::move(done);
  tried_ = 0;
  try_current();
}

void UpstreamLine::try_current() {
  call_ = ask_(servers_.at(current_), card_, request_,
               [this](const Result<net::HttpsAnswer>& answer) { answered(answer); });
}

void UpstreamLine::answered(const Result<net::HttpsAnswer>& answer) {
  if (answer && answer->status == 200) return end(answer->body);
  auto refusal = answer ? refusal_in(*answer) : UpstreamRefusal{answer.error(), 0, {}, {}};
  const bool elsewhere = !answer || answer->status == kMisdirected || answer->status >= 500;
  if (elsewhere && ++tried_ < servers_.size()) {
    current_ = (current_ + 1) % servers_.size();
    return try_current();
  }
  end(tl::make_unexpected(std::move(refusal)));
}

void UpstreamLine::end(tl::expected<std::string, UpstreamRefusal> outcome) {
  const auto done = std::exchange(done_, nullptr);
  if (done) done(std::move(outcome));
}

Result<DrawAnswer> read_draw_answer(const std::string& body) {
  const auto json = parse_json(body, kAnswerLimits);
  const auto text = [&](const char* name) {
    const auto found = json->find(name);
    return found != json->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!json || !json->is_object()) return tl::make_unexpected(odd_answer());
  DrawAnswer answer{text("grant"), text("key"), text("token")};
  if (answer.grant.empty()) return tl::make_unexpected(odd_answer());
  return answer;
}

Result<SiteGrant> check_grant(const std::string& envelope, const std::string& key,
                              const std::string& site, const std::string& nonce,
                              const DeploymentId& own) {
  const auto der = from_base64(key);
  const auto known = PublicKey::from_der(der.value_or(Bytes{}));
  if (!known) return tl::make_unexpected(odd_answer());
  LK_TRY(auto grant, open_grant(envelope, *known));
  if (grant.deployment != deployment_id(*known) || grant.site != site || grant.nonce != nonce)
    return fail("bad-answer", "The license server's grant is not the answer to this request.",
                "If that deployment was founded anew, connect again.");
  if (grant.deployment == own || std::ranges::find(grant.chain, own) != grant.chain.end())
    return fail("site-loop", "The license server draws from this deployment itself.",
                "Disconnect one of the deployments of the ring: `latchkey upstream disconnect`.");
  return grant;
}

}  // namespace latchkey
