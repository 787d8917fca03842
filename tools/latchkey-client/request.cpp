#include "tools/latchkey-client/request.h"

#include <algorithm>

#include "core/base/host_port.h"

namespace latchkey::client {
namespace {

// As the agent has them (docs/api.yaml).
constexpr std::size_t kMaxName = 64, kMaxPools = 32;
constexpr std::uint64_t kMaxQuantity = 1ULL << 40;
constexpr std::uint32_t kLeastTtl = 1, kMaxTtl = 86'400;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && std::ranges::all_of(text, [](char c) {
    return is_letter_or_digit(c) || std::string_view(".-_:").find(c) != std::string_view::npos;
  });
}

std::string quoted(std::string_view name, std::string_view value) {
  return "\"" + std::string(name) + "\":\"" + std::string(value) + "\"";
}

std::string request(std::string_view method, const Address& to, std::string_view target,
                    std::string_view body) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
  text.append(to.tls ? join_address(to.host, to.port) : "latchkey");
  if (method != "DELETE")
    text.append("\r\nContent-Type: application/json\r\nContent-Length: ")
        .append(std::to_string(body.size()));
  return text.append("\r\n\r\n").append(body);
}

std::string statement(const Ask& ask, std::uint32_t ttl_s) {
  std::string body = R"({"usage":[)";
  for (const auto& item : ask.usage) {
    if (body.back() == '}') body += ',';
    body.append("{").append(quoted("object", item.object)).append(",");
    body.append(quoted("unit", item.unit)).append(",\"quantity\":");
    body.append(std::to_string(item.quantity)).append("}");
  }
  body.append("],\"ttl_s\":").append(std::to_string(ttl_s));
  if (!ask.token.empty()) body.append(",").append(quoted("token", ask.token));
  return body.append("}");
}

}  // namespace

Result<void> check_consumer(std::string_view consumer) {
  if (is_name(consumer) && is_letter_or_digit(consumer.front())) return {};
  return fail("bad-argument", "\"" + std::string(consumer) + "\" is no consumer's name.",
              "1 to 64 letters, digits and . _ : -, the first a letter or a digit.");
}

Result<void> check_usage(const Usage& usage) {
  const auto bad = [](const char* what) {
    return fail("bad-argument", std::string("The usage cannot be stated: ") + what + ".",
                "At most 32 pools, each once: object, unit, and a quantity up to 2^40.");
  };
  if (usage.size() > kMaxPools) return bad("it names too many pools");
  for (auto item = usage.begin(); item != usage.end(); ++item) {
    if (!is_name(item->object) || !is_name(item->unit)) return bad("a name has other signs");
    if (item->quantity > kMaxQuantity) return bad("a quantity is too large");
    const bool twice = std::any_of(usage.begin(), item, [&](const Quantity& other) {
      return other.object == item->object && other.unit == item->unit;
    });
    if (twice) return bad("it names a pool twice");
  }
  return {};
}

Result<void> check_ttl(std::uint32_t ttl_s) {
  if (ttl_s >= kLeastTtl && ttl_s <= kMaxTtl) return {};
  return fail("bad-argument", "A lease cannot live for " + std::to_string(ttl_s) + " seconds.",
              "Choose 10 to 86400; 60 is usual.");
}

std::string consumer_request(const Address& to, const Ask& ask, std::string_view consumer,
                             std::uint32_t ttl_s) {
  const auto path = "/v1/consumers/" + std::string(consumer);
  switch (ask.kind) {
    case Ask::Kind::state_usage:
      return request("PUT", to, path + "/usage", statement(ask, ttl_s));
    case Ask::Kind::release:
      return request("DELETE", to, path, {});
    case Ask::Kind::heartbeat:
      break;
  }
  return request("POST", to, path + "/heartbeat",
                 ask.token.empty() ? std::string() : "{" + quoted("token", ask.token) + "}");
}

std::string post_request(const Address& to, std::string_view target, std::string_view body) {
  return request("POST", to, target, body);
}

}  // namespace latchkey::client
