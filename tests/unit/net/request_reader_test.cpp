#include "agent/net/request_reader.h"

#include <gtest/gtest.h>

namespace latchkey::net {
namespace {

using State = RequestReader::State;

/// Offers `bytes` in pieces of `step`, as a connection does: what was not eaten is offered again.
std::size_t feed_all(RequestReader& reader, std::string_view bytes, std::size_t step) {
  std::size_t begin = 0;
  for (std::size_t end = 0; end < bytes.size() && reader.state() == State::incomplete;) {
    end = std::min(end + step, bytes.size());
    begin += reader.feed(bytes.substr(begin, end - begin));
  }
  return begin;
}

TEST(RequestReader, ReadsARequestInPiecesOfAnySize) {
  const std::string_view bytes =
      "POST /v1/peer/join?x=1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
      "Content-Length: 4\r\n\r\nbodyGET ";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    RequestReader reader;
    const auto used = feed_all(reader, bytes, step);
    ASSERT_EQ(reader.state(), State::complete) << step;
    EXPECT_EQ(bytes.substr(used).substr(0, 4), bytes.substr(used, 4));
    EXPECT_EQ(used, bytes.size() - 4);
    const auto& request = reader.request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/peer/join");
    EXPECT_EQ(request.content_type, "application/json");
    EXPECT_EQ(request.body, "body");
    EXPECT_TRUE(reader.keep_alive());
  }
}

TEST(RequestReader, ForgetsTheRequestBefore) {
  RequestReader reader;
  feed_all(reader, "POST /a?b=c HTTP/1.1\r\nContent-Type: t\r\nContent-Length: 1\r\n\r\nx", 9);
  reader.next();
  EXPECT_FALSE(reader.started());
  feed_all(reader, "GET /d HTTP/1.0\r\n\r\n", 9);
  ASSERT_EQ(reader.state(), State::complete);
  EXPECT_EQ(reader.request().path, "/d");
  EXPECT_TRUE(reader.request().query.empty());
  EXPECT_EQ(reader.request().content_type, "");
  EXPECT_EQ(reader.request().body, "");
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_TRUE(reader.http_1_0());
}

TEST(RequestReader, RefusesWhatIsMalformedOrTooLarge) {  // SPEC SEC-3
  struct Row {
    std::string name, bytes;
    int status;
  };
  const std::string many_fields = [] {
    std::string text = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 2000; ++i) text += "a: b\r\n";
    return text + "\r\n";
  }();
  const std::vector<Row> rows{
      {"no HTTP", "hello\r\n\r\n", 400},
      {"control bytes", std::string("\0\1\2\3\r\n\r\n", 8), 400},
      {"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
      {"version", "GET / HTTP/2.0\r\n\r\n", 400},
      {"target", "GET http://h/ HTTP/1.1\r\n\r\n", 400},
      {"escape", "GET /%zz HTTP/1.1\r\n\r\n", 400},
      {"field without colon", "GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400},
      {"bad length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
      {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"length and chunks",
       "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
      {"unknown coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 411},
      {"chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
      {"announced body", "POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 413},
      {"huge length", "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
      {"one huge field", "GET / HTTP/1.1\r\na: " + std::string(9000, 'x'), 431},
      {"huge target", "GET /" + std::string(9000, 'x'), 431},
      {"many fields", many_fields, 431},
  };
  for (const auto& row : rows)
    for (const std::size_t step : {1, 7, 8192}) {
      RequestReader reader;
      feed_all(reader, row.bytes, step);
      ASSERT_EQ(reader.state(), State::refused) << row.name << " in steps of " << step;
      EXPECT_EQ(reader.refusal().status, row.status) << row.name << " in steps of " << step;
    }
}

TEST(RequestReader, TheRequestLineDecidesHowLargeABodyMayBe) {  // SPEC SEC-3
  const auto limit = [](const Request& request, std::size_t usual) {
    return request.method == "POST" && request.path == "/large" ? usual + 2 : usual;
  };
  const struct {
    const char* target;
    int size;
    State state;
  } rows[] = {{"/", 4, State::complete},
              {"/", 5, State::refused},
              {"/large", 6, State::complete},
              {"/large", 7, State::refused},
              {"/large?x=1", 6, State::complete}};
  RequestReader reader({.body_bytes = 4}, limit);
  for (const auto& row : rows) {
    RequestReader fresh({.body_bytes = 4}, limit);
    feed_all(fresh,
             std::string("POST ") + row.target +
                 " HTTP/1.1\r\nContent-Length: " + std::to_string(row.size) + "\r\n\r\n" +
                 std::string(static_cast<std::size_t>(row.size), 'x'),
             64);
    EXPECT_EQ(fresh.state(), row.state) << row.target << ' ' << row.size;
  }
  feed_all(reader, "POST /large HTTP/1.1\r\nContent-Length: 6\r\n\r\nxxxxxx", 64);
  reader.next();
  feed_all(reader, "POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\nxxxxxx", 64);
  EXPECT_EQ(reader.state(), State::refused) << "each request anew";
}

TEST(RequestReader, AsksForABodyThatWaitsToBeAskedFor) {
  RequestReader reader;
  feed_all(reader, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", 64);
  EXPECT_TRUE(reader.wants_continue());
  reader.feed("ab");
  EXPECT_FALSE(reader.wants_continue());
  EXPECT_EQ(reader.state(), State::complete);
}

}  // namespace
}  // namespace latchkey::net
