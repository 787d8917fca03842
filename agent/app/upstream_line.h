#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/net/https_client.h"
#include "core/pool/pool_id.h"
#include "core/site/site_grant.h"

namespace latchkey {

/// Why an upstream did not do what it was asked.
struct UpstreamRefusal {
  Error error;     ///< its own, or one of HttpsClient
  int status = 0;  ///< 0: no answer
  std::optional<std::chrono::seconds> retry_after;
  /// Of `capacity-exhausted`: the pool, and what there is left of it.
  std::optional<std::pair<PoolId, std::uint64_t>> left;
};

/// Asks the servers of one upstream: the one that answered last, and when it does not answer or
/// does not hold the leases (421), the others. Reactor thread only.
class UpstreamLine {
 public:
  /// As HttpsClient::ask().
  using Ask = std::function<std::unique_ptr<net::HttpsCall>(
      const std::string& server, const net::HttpsCard&, net::HttpsRequest, net::HttpsClient::Done)>;
  /// The body of an answer of 200, or why not.
  using Done = std::function<void(tl::expected<std::string, UpstreamRefusal>)>;

  explicit UpstreamLine(Ask ask) : ask_(std::move(ask)) {}

  void use(std::vector<std::string> servers, net::HttpsCard card);
  /// One request at a time; the next one ends it without calling its `done`.
  void ask(net::HttpsRequest request, Done done);
  void cancel();
  const std::string& server() const { return servers_.at(current_); }  ///< asked last

 private:
  void try_current();
  void answered(const Result<net::HttpsAnswer>& answer);
  void end(tl::expected<std::string, UpstreamRefusal> outcome);

  Ask ask_;
  std::vector<std::string> servers_;
  net::HttpsCard card_;
  std::size_t current_ = 0, tried_ = 0;
  net::HttpsRequest request_;
  Done done_;
  std::unique_ptr<net::HttpsCall> call_;
};

/// What an upstream's answer to PUT /v1/draw says; hostile until the grant in it is verified.
struct DrawAnswer {
  std::string grant;  ///< envelope
  std::string key;    ///< the deployment's, base64 DER
  std::string token;  ///< of the lease
};
/// Error: `bad-answer`.
Result<DrawAnswer> read_draw_answer(const std::string& body);

/// The grant in an answer, if it is the answer to `nonce`, for `site`, signed with `key` (base64
/// DER), and `own` is not above itself. Errors: those of open_grant(), `bad-answer`, `site-loop`.
Result<SiteGrant> check_grant(const std::string& envelope, const std::string& key,
                              const std::string& site, const std::string& nonce,
                              const DeploymentId& own);

}  // namespace latchkey
