#include "agent/web/page_routes.h"

#include <gmock/gmock.h>

#include <map>

#include "agent/web/assets.h"
#include "core/base/bytes.h"
#include "core/base/deflate.h"

namespace latchkey::web {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// As a stranger over the network asks.
net::Request asking(const std::string& path, const std::string& accept = "",
                    const std::string& known = "") {
  net::Request request;
  request.method = "GET";
  request.path = path;
  request.from.address = "192.0.2.7";
  request.accept_encoding = accept;
  request.if_none_match = known;
  return request;
}

net::Response answer_to(const net::Request& request) {
  net::Router router;
  add_page_routes(router);
  const auto route = router.find(request);
  if (!route) return route.error();
  net::Response answer;
  (*route)->handler(request, [&](net::Response response) { answer = std::move(response); });
  return answer;
}

std::string header(const net::Response& response, const std::string& name) {
  for (const auto& [field, value] : response.headers)
    if (field == name) return value;
  return "";
}

TEST(PageRoutes, GiveEveryFileToAnybodyWithItsTypeAndHeaders) {  // SPEC SEC-3
  const std::map<std::string, std::string> types{{"html", "text/html; charset=utf-8"},
                                                 {"js", "text/javascript; charset=utf-8"},
                                                 {"css", "text/css; charset=utf-8"},
                                                 {"json", "application/json"},
                                                 {"svg", "image/svg+xml"}};
  ASSERT_FALSE(assets().empty());
  for (const auto& asset : assets()) {
    const auto answer = answer_to(asking("/page/" + std::string(asset.path)));
    EXPECT_EQ(answer.status, 200) << asset.path;
    EXPECT_EQ(answer.body, asset.plain) << asset.path;
    EXPECT_EQ(answer.content_type,
              types.at(std::string(asset.path.substr(asset.path.rfind('.') + 1))));
    EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header(answer, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header(answer, "Cache-Control"), "no-cache");
    EXPECT_EQ(header(answer, "Content-Encoding"), "");
    const auto policy = header(answer, "Content-Security-Policy");
    for (const char* rule :
         {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
          "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"})
      EXPECT_THAT(policy, HasSubstr(rule));
    EXPECT_THAT(policy, testing::Not(HasSubstr("unsafe")));
  }
}

TEST(PageRoutes, ThePageIsAtTheRoot) {
  const auto answer = answer_to(asking("/"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, StartsWith("<!doctype html>"));
  EXPECT_EQ(answer.body, answer_to(asking("/page/index.html")).body);
}

TEST(PageRoutes, CompressedOnesAreTheSameBytes) {
  for (const auto& asset : assets()) {
    const auto answer = answer_to(asking("/page/" + std::string(asset.path), "gzip, deflate, br"));
    EXPECT_EQ(header(answer, "Content-Encoding"), "gzip");
    EXPECT_EQ(header(answer, "Vary"), "Accept-Encoding");
    const auto plain = inflate(as_bytes(answer.body), Wrapper::gzip, asset.plain.size());
    ASSERT_TRUE(plain) << asset.path;
    EXPECT_EQ(as_text(*plain), asset.plain) << asset.path;
  }
}

TEST(PageRoutes, GzipOnlyForWhomTakesIt) {  // RFC 9110 12.5.3
  const struct {
    const char* accepts;
    bool gzip;
  } rows[] = {
      {"", false},
      {"gzip", true},
      {"gzip, deflate, br, zstd", true},
      {"deflate , gzip;q=0.5", true},
      {"gzip;q=0", false},
      {"gzip; q=0.000, identity", false},
      {"gzip;q=0.001", true},
      {"br, deflate", false},
      {"identity", false},
      {"xgzip", false},
      {",,;,gzip", true},
      {";q=,", false},
  };
  for (const auto& row : rows) EXPECT_EQ(accepts_gzip(row.accepts), row.gzip) << row.accepts;
}

TEST(PageRoutes, WhoHasItAlreadyIsToldSo) {  // RFC 9110 13.1.2
  const auto plain = answer_to(asking("/"));
  const auto packed = answer_to(asking("/", "gzip"));
  const auto tag = header(plain, "ETag");
  EXPECT_NE(tag, header(packed, "ETag")) << "other bytes";
  for (const std::string& known : {tag, "W/" + tag, "\"x\", " + tag, header(packed, "ETag")}) {
    const auto again = answer_to(asking("/", "gzip", known));
    EXPECT_EQ(again.status, 304) << known;
    EXPECT_TRUE(again.payload().empty());
    EXPECT_EQ(header(again, "ETag"), header(packed, "ETag"));
  }
  EXPECT_EQ(answer_to(asking("/", "", "\"0123456789abcdef\"")).status, 200);
  EXPECT_NE(header(answer_to(asking("/page/app.js")), "ETag"), tag);
}

TEST(PageRoutes, ThereIsNothingElse) {  // SPEC SEC-3
  for (const char* path : {"/page/", "/page/none.js", "/page/views/none.js", "/page/../app.js",
                           "/page/views/../app.js", "/page/views", "/page/strings/en.json/",
                           "/index.html", "/page//app.js"}) {
    const auto answer = answer_to(asking(path));
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.content_type, "application/problem+json");
  }
  auto request = asking("/");
  request.method = "POST";
  EXPECT_EQ(answer_to(request).status, 405);
}

TEST(PageRoutes, TheWholePageIsSmall) {  // a first load, in one language
  std::size_t bytes = 0;
  for (const auto& asset : assets())
    if (asset.path != "strings/zh-CN.json") bytes += asset.gzip.size();
  EXPECT_LT(bytes, 150U * 1024);
}

}  // namespace
}  // namespace latchkey::web
