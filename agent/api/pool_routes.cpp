#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/routes.h"
#include "core/base/json.h"

namespace latchkey {
namespace {

constexpr std::size_t kMaxObject = 64;  // as in a license document
constexpr JsonLimits kLimits{.bytes = 1024, .depth = 1};

struct Question {
  Operation operation = Operation::other;
  std::string object;
};

Result<Question> question_in(const net::Request& request) {
  LK_TRY(const auto json, parse_json(request.body, kLimits));
  JsonObject body(json);
  Question question;
  body.choice("operation", [&](std::string_view name) {
    const auto known = parse_operation(name);
    if (known) question.operation = *known;
    return known.has_value();
  });
  if (body.has("object")) question.object = body.name("object", kMaxObject);
  LK_CHECK(body.finish());
  return question;
}

tl::unexpected<Error> bad_question(const Error& error) {
  return fail("bad-request", "The question cannot be understood: " + error.message,
              "Send {\"operation\": \"view|login|reduce|license|create|other\", \"object\": "
              "\"kvm\"}; the object may be left out.");
}

}  // namespace

void add_pool_routes(net::Router& router, Backend& backend) {
  router.on(
      "GET", "/v1/pools", Right::view,
      [&backend](const net::Request&, const net::Done& done) { done(answer(backend.pools())); });
  // For the product that asks before it acts: it may look, so it may ask.
  router
      .on("POST", "/v1/authorize", Right::view | Right::consume,
          [&backend](const net::Request& request, const net::Done& done) {
            const auto question = question_in(request);
            if (!question) return done(answer(bad_question(question.error())));
            done(answer(backend.authorize(question->operation, question->object)));
          })
      .prompt = true;
}

}  // namespace latchkey
