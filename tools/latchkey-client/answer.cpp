#include "tools/latchkey-client/answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/json.h"

namespace latchkey::client {
namespace {

using nlohmann::json;

constexpr JsonLimits kLimits{.bytes = ResponseReader::kMaxBody, .depth = 4};
constexpr std::size_t kMaxText = 512, kMaxToken = 8192;
constexpr std::uint64_t kMaxTtl = 86'400;
constexpr std::chrono::seconds kLongestWait{120};

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  auto text = found->get<std::string>();
  // Cut between characters: the bytes of one but its first are 10xxxxxx (RFC 3629).
  std::size_t end = std::min(text.size(), kMaxText);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  text.resize(end);
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::uint64_t number_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::optional<PoolFigures> figures_in(const json& body) {
  const auto pool = body.find("pool");
  if (pool == body.end() || !pool->is_object()) return std::nullopt;
  return PoolFigures{text_in(*pool, "object"), text_in(*pool, "unit"), number_in(*pool, "total"),
                     number_in(*pool, "used"), number_in(*pool, "available")};
}

Granted granted_in(const json& body) {
  Granted granted;
  granted.ttl_s = static_cast<std::uint32_t>(std::min(number_in(body, "ttl_s"), kMaxTtl));
  // Not text_in(): it is handed back as it came, or not at all.
  const auto token = body.find("token");
  if (token != body.end() && token->is_string()) {
    const auto& text = token->get_ref<const std::string&>();
    const bool plain = std::ranges::all_of(text, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             c == '-' || c == '_';
    });
    if (plain && text.size() <= kMaxToken) granted.token = text;
  }
  return granted;
}

Problem odd(const HttpAnswer& answer) {
  return {
      "bad-answer",
      "The server's answer, status " + std::to_string(answer.status) + ", cannot be understood.",
      "Check that the address is the one of a Latchkey agent.", std::nullopt};
}

}  // namespace

Problem problem_of(const Error& error) {
  return {error.code, error.message, error.cure, std::nullopt};
}

Problem read_problem(const HttpAnswer& answer) {
  const auto body = parse_json(answer.body, kLimits);
  if (!body || !body->is_object()) return odd(answer);
  Problem problem{text_in(*body, "code"), text_in(*body, "detail"), text_in(*body, "cure"),
                  figures_in(*body)};
  return problem.code.empty() ? odd(answer) : problem;
}

Answer read_answer(const HttpAnswer& answer) {
  if (answer.status == 200) {
    const auto body = parse_json(answer.body, kLimits);
    if (!body || !body->is_object()) return Failed{odd(answer)};
    return granted_in(*body);
  }
  if (answer.status < 400) return Failed{odd(answer)};
  auto problem = read_problem(answer);
  if (answer.status == 404 && problem.code == "lease-unknown") return LeaseUnknown{};
  if (answer.status == 421) return NotHolder{};
  if ((answer.status == 429 || answer.status == 503) && answer.retry_after)
    return Busy{std::clamp(*answer.retry_after, std::chrono::seconds(1), kLongestWait),
                std::move(problem)};
  // A stranger's 4xx is no refusal of a license server: perhaps the next address is one.
  if (answer.status >= 500 || problem.code == "bad-answer") return Failed{std::move(problem)};
  return Refused{answer.status, std::move(problem)};
}

}  // namespace latchkey::client
