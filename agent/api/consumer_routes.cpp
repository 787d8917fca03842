#include <memory>
#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/query.h"
#include "agent/api/routes.h"
#include "agent/api/usage_body.h"
#include "core/base/json.h"
#include "core/pool/lease_token.h"
#include "core/site/upstream.h"

namespace latchkey {
namespace {

constexpr std::size_t kMaxReason = 256;
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxBody = 64 * 1024;
constexpr JsonLimits kLimits{.bytes = kMaxBody, .depth = 3};
constexpr std::string_view kRoot = "/v1/consumers/";

/// The `{id}` of the path.
Result<std::string> consumer_in(const net::Request& request) {
  auto id = request.path.substr(kRoot.size());
  id.resize(std::min(id.find('/'), id.size()));
  if (is_consumer_id(id)) return id;
  return fail("bad-request", "The path names no consumer.",
              "A consumer's id has 1 to 64 letters, digits and . _ : -, and begins with a letter "
              "or a digit.");
}

tl::unexpected<Error> bad_body(const Error& error) {
  return fail("bad-request", "The request cannot be understood: " + error.message,
              "Correct the request; docs/api.yaml describes it.");
}

Error for_sites(const std::string& consumer) {
  return {"bad-request", consumer + " is the name of a client site.",
          "Choose a consumer id that does not begin with \"site:\"."};
}

/// One text member, which may be left out, as may the body.
Result<std::string> optional_text(const net::Request& request, std::string_view name,
                                  std::size_t max) {
  if (request.body.empty()) return std::string();
  const auto json = parse_json(request.body, kLimits);
  if (!json) return bad_body(json.error());
  JsonObject body(*json);
  std::string text;
  if (body.has(name)) text = body.text(name, max);
  if (const auto read = body.finish(); !read) return bad_body(read.error());
  return text;
}

Quantities quantities_in(JsonObject& body, std::string_view name) {
  Quantities out;
  if (!body.has(name)) return out;
  body.objects(name, 0, kMaxLeaseItems, [&](JsonObject& item) {
    PoolId pool{item.name("object", kMaxName), item.name("unit", kMaxName)};
    const auto quantity = item.number("quantity", 0, kMaxQuantity);
    if (!out.emplace(std::move(pool), quantity).second) item.reject("object", "is named twice");
  });
  return out;
}

Result<ConsumerTerms> terms_in(const net::Request& request) {
  const auto json = parse_json(request.body, kLimits);
  if (!json) return bad_body(json.error());
  JsonObject body(*json);
  ConsumerTerms terms{quantities_in(body, "reserve"), quantities_in(body, "cap"),
                      quantities_in(body, "low_water")};
  if (const auto read = body.finish(); !read) return bad_body(read.error());
  return terms;
}

Result<std::uint64_t> number_in(const net::Request& request, std::string_view name,
                                std::uint64_t usual, std::uint64_t max) {
  for (const auto& [key, text] : request.query) {
    if (key != name) continue;
    if (const auto value = query_number(text); value && *value <= max) return *value;
    return fail("bad-request",
                std::string(name) + " is no number up to " + std::to_string(max) + ".",
                "Correct the query; docs/api.yaml describes it.");
  }
  return usual;
}

/// A handler for one consumer; the rest of the request is `handle`'s.
template <class Handle>
net::Handler for_consumer(Consumers& consumers, Handle handle) {
  return [&consumers, handle](const net::Request& request, net::Done done) {
    const auto consumer = consumer_in(request);
    if (!consumer) return done(error_answer(consumer.error()));
    handle(consumers, request, *consumer, std::move(done));
  };
}

void list(Consumers& consumers, const net::Request& request, const net::Done& done) {
  const auto after = number_in(request, "after", 0, ~std::uint32_t{0});
  const auto limit = number_in(request, "limit", 100, kMaxPage);
  if (!after || !limit) return done(error_answer(after ? limit.error() : after.error()));
  done(consumers.list(request.caller, *after, std::max<std::size_t>(*limit, 1)));
}

void add_lease_routes(net::Router& router, Consumers& consumers) {
  // Kept for its memory: one statement is read at a time.
  auto statement = std::make_shared<UsageStatement>();
  const auto state_usage = [statement](Consumers& of, const net::Request& request,
                                       const std::string& consumer, net::Done done) {
    if (is_site_consumer(consumer)) return done(error_answer(for_sites(consumer)));
    const auto read = read_usage(request.body, *statement);
    if (!read) return done(error_answer(read.error()));
    of.state_usage(request.caller, consumer, *statement, std::move(done));
  };
  const auto heartbeat = [](Consumers& of, const net::Request& request, const std::string& consumer,
                            net::Done done) {
    const auto token = optional_text(request, "token", LeaseSeal::kMaxToken);
    if (!token) return done(error_answer(token.error()));
    of.heartbeat(request.caller, consumer, *token, std::move(done));
  };
  const auto release = [](Consumers& of, const net::Request& request, const std::string& consumer,
                          net::Done done) {
    of.release(request.caller, consumer, std::move(done));
  };
  const auto on = [&](std::string method, std::string path, net::Handler handler) {
    router.on(std::move(method), std::move(path), Right::consume, std::move(handler), kMaxBody)
        .prompt = true;
  };
  on("PUT", "/v1/consumers/{id}/usage", for_consumer(consumers, state_usage));
  on("POST", "/v1/consumers/{id}/heartbeat", for_consumer(consumers, heartbeat));
  on("DELETE", "/v1/consumers/{id}", for_consumer(consumers, release));
}

void add_holder_routes(net::Router& router, Consumers& consumers) {
  router.on("GET", "/v1/consumers", Right::view | Right::consume,
            [&consumers](const net::Request& request, const net::Done& done) {
              list(consumers, request, done);
            });
  router.on("GET", "/v1/consumers/{id}", Right::view | Right::consume,
            for_consumer(consumers,
                         [](Consumers& of, const net::Request& request, const std::string& consumer,
                            const net::Done& done) { done(of.show(request.caller, consumer)); }));
  router.on("POST", "/v1/consumers/{id}/release", Right::operate,
            for_consumer(consumers,
                         [](Consumers& of, const net::Request& request, const std::string& consumer,
                            net::Done done) {
                           const auto reason = optional_text(request, "reason", kMaxReason);
                           if (!reason) return done(error_answer(reason.error()));
                           of.force_release(request.caller, consumer, *reason, std::move(done));
                         }),
            kMaxBody);
  router.on("PUT", "/v1/consumers/{id}/terms", Right::administer,
            for_consumer(consumers,
                         [](Consumers& of, const net::Request& request, const std::string& consumer,
                            net::Done done) {
                           auto terms = terms_in(request);
                           if (!terms) return done(error_answer(terms.error()));
                           of.set_terms(request.caller, consumer, *std::move(terms),
                                        std::move(done));
                         }),
            kMaxBody);
  router.on("DELETE", "/v1/consumers/{id}/terms", Right::administer,
            for_consumer(consumers, [](Consumers& of, const net::Request& request,
                                       const std::string& consumer, net::Done done) {
              of.set_terms(request.caller, consumer, {}, std::move(done));
            }));
}

}  // namespace

void add_consumer_routes(net::Router& router, Backend& backend) {
  add_lease_routes(router, backend.consumers());
  add_holder_routes(router, backend.consumers());
}

}  // namespace latchkey
