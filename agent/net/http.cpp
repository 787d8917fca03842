#include "agent/net/http.h"

#include <nlohmann/json.hpp>

namespace latchkey::net {

std::string last_segment(const Request& request) {
  return request.path.substr(request.path.rfind('/') + 1);
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

Response problem(int status, const Error& error) {
  return problem(status, error, nlohmann::json::object());
}

Response problem(int status, const Error& error, const nlohmann::json& more) {
  nlohmann::ordered_json body{{"type", "about:blank"}, {"title", reason_phrase(status)},
                              {"status", status},      {"detail", error.message},
                              {"code", error.code},    {"cure", error.cure}};
  for (const auto& [name, value] : more.items()) body[name] = value;
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  // A refusal may quote what a client sent: bytes that are no UTF-8 are replaced, never thrown
  // over.
  response.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return response;
}

}  // namespace latchkey::net
