#include "agent/web/page_routes.h"

#include <algorithm>
#include <array>

#include "agent/web/assets.h"
#include "core/base/text.h"

namespace latchkey::web {
namespace {

constexpr std::string_view kFolder = "/page/";

struct Kind {
  std::string_view suffix;
  std::string_view content_type;
};
constexpr std::array kContentTypes{
    Kind{".html", "text/html; charset=utf-8"},
    Kind{".js", "text/javascript; charset=utf-8"},
    Kind{".css", "text/css; charset=utf-8"},
    Kind{".json", "application/json"},
    Kind{".svg", "image/svg+xml"},
};

// Nothing but its own files, no frame around it, and no word to others of where its user is. A page
// that would be broken by these headers is one that an attacker has changed.
constexpr std::array<std::pair<const char*, const char*>, 6> kHeaders{{
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    // Kept, and asked for again each time: an upgraded agent's page is there with the next load.
    {"Cache-Control", "no-cache"},
}};

std::string_view content_type(std::string_view path) {
  for (const auto& kind : kContentTypes)
    if (path.ends_with(kind.suffix)) return kind.content_type;
  return "application/octet-stream";
}

net::Response no_such_file(const net::Request& request) {
  return net::problem(404, {"not-found", "There is nothing at " + request.path + ".",
                            "The page is at /; reload it if the agent was upgraded."});
}

net::Response asset_answer(const Asset& asset, const net::Request& request) {
  net::Response response;
  const bool gzip = accepts_gzip(request.accept_encoding);
  response.content_type = content_type(asset.path);
  for (const auto& [name, value] : kHeaders) response.headers.emplace_back(name, value);
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("ETag", '"' + std::string(asset.hash) + (gzip ? "-gzip\"" : "\""));
  // RFC 9110 13.1.2: whichever coding the client keeps, it is the same file.
  if (request.if_none_match.find(asset.hash) != std::string::npos) {
    response.status = 304;
    return response;
  }
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = gzip ? asset.gzip : asset.plain;
  return response;
}

net::Response answer(std::string_view path, const net::Request& request) {
  const auto all = assets();
  const auto found = std::ranges::find(all, path, &Asset::path);
  return found == all.end() ? no_such_file(request) : asset_answer(*found, request);
}

/// The folders that files lie in, so that a route takes each of them, "" for the first.
std::vector<std::string> folders() {
  std::vector<std::string> all;
  for (const auto& asset : assets())
    all.emplace_back(asset.path.substr(0, asset.path.rfind('/') + 1));
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

/// RFC 9110 12.4.2: `q=0` in any of its spellings.
bool refused(std::string_view parameters) {
  const auto q = parameters.find("q=");
  return q != std::string_view::npos &&
         parameters.substr(q + 2).find_first_not_of("0. \t") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const auto end = std::min(accept_encoding.find(','), accept_encoding.size());
    const auto coding = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    const auto semicolon = std::min(coding.find(';'), coding.size());
    if (trimmed(coding.substr(0, semicolon)) == "gzip") return !refused(coding.substr(semicolon));
  }
  return false;
}

void add_page_routes(net::Router& router) {
  router
      .on("GET", "/", {},
          [](const net::Request& request, const net::Done& done) {
            done(answer("index.html", request));
          })
      .prompt = true;
  for (const auto& folder : folders())
    router
        .on("GET", std::string(kFolder) + folder + "{file}", {},
            [](const net::Request& request, const net::Done& done) {
              done(answer(std::string_view(request.path).substr(kFolder.size()), request));
            })
        .prompt = true;
}

}  // namespace latchkey::web
