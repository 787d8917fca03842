#include "agent/net/answer_queue.h"

#include <gtest/gtest.h>

namespace latchkey::net {
namespace {

Response saying(std::string text) {
  Response response;
  response.body = std::move(text);
  return response;
}

/// What is sent when the client takes `step` bytes at a time.
std::string drain(AnswerQueue& queue, std::size_t step) {
  std::string out;
  for (auto bytes = queue.unsent(); !bytes.empty(); bytes = queue.unsent()) {
    const auto& piece = bytes.head.empty() ? bytes.body : bytes.head;
    out.append(piece.substr(0, step));
    queue.sent(std::min(step, piece.size()));
  }
  return out;
}

TEST(AnswerQueue, KeepsTheOrderOfTheRequests) {
  const std::vector<std::vector<std::size_t>> orders{{0, 1, 2}, {2, 1, 0}, {1, 0, 2},
                                                     {1, 2, 0}, {0, 2, 1}, {2, 0, 1}};
  for (const auto& order : orders)
    for (const std::size_t step : {1U, 7U, 10000U}) {
      AnswerQueue queue;
      for (int i = 0; i < 3; ++i) queue.expect(Persistence::keep);
      for (const auto ticket : order) {
        EXPECT_TRUE(queue.owes());
        queue.set(ticket, saying("<" + std::to_string(ticket) + ">"));
      }
      EXPECT_FALSE(queue.owes());
      const auto text = drain(queue, step);
      const auto first = text.find("<0>"), second = text.find("<1>"), third = text.find("<2>");
      ASSERT_NE(first, std::string::npos);
      EXPECT_LT(first, second);
      EXPECT_LT(second, third);
      EXPECT_EQ(third + 3, text.size());
      EXPECT_TRUE(queue.empty());
    }
}

TEST(AnswerQueue, SendsWhatIsInTurnAndKeepsTheRest) {
  AnswerQueue queue;
  queue.expect(Persistence::keep);
  queue.expect(Persistence::close);
  queue.set(1, saying("later"));
  EXPECT_TRUE(queue.unsent().empty());
  queue.set(0, saying("first"));
  const auto text = drain(queue, 10000);
  EXPECT_EQ(text.find("Connection: close"), text.rfind("Connection: close"));
  EXPECT_GT(text.find("Connection: close"), text.find("first"));
}

TEST(AnswerQueue, SharesALargeBodyInsteadOfCopyingIt) {
  AnswerQueue queue;
  Response response;
  response.shared_body = std::make_shared<const std::string>("shared");
  const auto* bytes = response.shared_body->data();
  queue.set(queue.expect(Persistence::keep), std::move(response));
  EXPECT_EQ(queue.unsent().body.data(), bytes);
}

}  // namespace
}  // namespace latchkey::net
