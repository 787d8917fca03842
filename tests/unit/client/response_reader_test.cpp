#include "tools/latchkey-client/response_reader.h"

#include <gtest/gtest.h>

#include "tools/latchkey-client/answer.h"

namespace latchkey::client {
namespace {

using State = ResponseReader::State;

struct Read {
  State state;
  HttpAnswer answer;
};

/// In pieces of `piece` bytes.
Read read(const std::string& bytes, std::size_t piece) {
  ResponseReader reader;
  auto state = State::more;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    state = reader.feed(std::string_view(bytes).substr(at, piece));
  return {state, reader.answer()};
}

TEST(ResponseReader, TakesAnAnswerCutAnywhere) {
  const std::string bytes =
      "HTTP/1.1 503 Service Unavailable\r\ncontent-LENGTH: 5\r\nRetry-After: 7\r\n"
      "Connection: Close\r\nX-Odd:\r\n\r\nhello";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const auto [state, answer] = read(bytes, piece);
    ASSERT_EQ(state, State::complete) << piece;
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.retry_after, std::chrono::seconds(7));
    EXPECT_TRUE(answer.close);
  }
}

TEST(ResponseReader, RefusesWhatNoAgentSends) {  // SPEC SEC-3
  const std::string long_name(ResponseReader::kMaxHead, 'a');
  const std::string cases[] = {
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 600 ?\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
      "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
      "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n folded: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a\nb\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nX: " + long_name + "\r\n\r\n",
  };
  for (const auto& bytes : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()})
      EXPECT_EQ(read(bytes, piece).state, State::refused) << bytes.substr(0, 80) << " by " << piece;
  }
}

TEST(ResponseReader, WaitsForTheRest) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", 64).state, State::more);
  EXPECT_EQ(read("HTTP/1.1 204 No Content\r\n\r\n", 64).state, State::complete);
}

// --- what the answers mean

struct Meaning {
  const char* name;
  int status;
  const char* body;
  std::size_t index;  ///< of the variant
};
constexpr std::size_t kGranted = 0, kUnknown = 1, kNotHolder = 2, kRefused = 4, kFailed = 5;

TEST(Answers, AreReadByStatusAndCode) {
  const Meaning cases[] = {
      {"a grant", 200, R"({"ttl_s": 60, "token": "abc", "news": [1]})", kGranted},
      {"a heartbeat", 200, R"({"ttl_s": 60})", kGranted},
      {"no JSON", 200, "<html>", kFailed},
      {"no object", 200, "[]", kFailed},
      {"no content", 204, "", kFailed},
      {"a redirection", 301, "", kFailed},
      {"the lease ended", 404, R"({"code": "lease-unknown"})", kUnknown},
      {"another 404", 404, R"({"code": "unknown-route"})", kRefused},
      {"a stranger's 404", 404, "Not found", kFailed},
      {"another node", 421, R"({"code": "not-holder"})", kNotHolder},
      {"no room", 409, R"({"code": "capacity-exhausted"})", kRefused},
      {"the disk", 503, R"({"code": "store-failed"})", kFailed},
      {"a fault", 500, R"({"code": "internal"})", kFailed},
  };
  for (const auto& [name, status, body, index] : cases)
    EXPECT_EQ(read_answer({.status = status, .body = body}).index(), index) << name;
}

TEST(Answers, OfABusyServerSayWhen) {
  const auto wait = [](int status, long seconds) {
    const auto answer = read_answer({.status = status,
                                     .body = R"({"code": "recovering"})",
                                     .retry_after = std::chrono::seconds(seconds)});
    return std::get<Busy>(answer).wait.count();
  };
  EXPECT_EQ(wait(503, 5), 5);
  EXPECT_EQ(wait(429, 5), 5);
  EXPECT_EQ(wait(503, 0), 1);
  EXPECT_EQ(wait(503, 86'400), 120) << "nobody is kept waiting for a day";
}

TEST(Answers, CarryTheFiguresOfThePool) {  // SPEC POOL-5
  const auto answer = read_answer(
      {.status = 409,
       .body = R"({"code": "capacity-exhausted", "detail": "It\nis full.", "cure": "Buy.",
        "pool": {"object": "kvm", "unit": "cpu-socket", "total": 10, "used": 8, "available": 2}})"});
  EXPECT_EQ(std::get<Refused>(answer).why, (Problem{"capacity-exhausted", "It is full.", "Buy.",
                                                    PoolFigures{"kvm", "cpu-socket", 10, 8, 2}}));
}

TEST(Answers, AreHostile) {  // SPEC SEC-3
  const auto granted = [](const std::string& body) {
    return std::get<Granted>(read_answer({.status = 200, .body = body}));
  };
  EXPECT_EQ(granted(R"({"ttl_s": 18446744073709551615})").ttl_s, 86'400u);
  EXPECT_EQ(granted(R"({"ttl_s": -1})").ttl_s, 0u);
  EXPECT_EQ(granted(R"({"token": "a\r\nX: b"})").token, "") << "it would go into a request";
  EXPECT_EQ(granted(R"({"token": "a\"b"})").token, "");
  std::string text;
  for (int i = 0; i < 600; ++i) text += "\u00e9";
  const auto problem =
      read_problem({.status = 403, .body = R"({"code": "x", "detail": ")" + text + "\"}"});
  EXPECT_EQ(problem.message, text.substr(0, 512));
}

}  // namespace
}  // namespace latchkey::client
