#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::client {

struct HttpAnswer {
  int status = 0;  ///< 200 to 599
  std::string body{};
  std::optional<std::chrono::seconds> retry_after{};  ///< as delay-seconds (RFC 9110 10.2.3)
  bool close = false;                                 ///< the server ends the connection
};

/// Reads one HTTP/1.1 answer (RFC 9112) of an agent from hostile bytes: strict, and bounded in all
/// that it keeps. Agents give every answer a length, so nothing else is taken: no chunks, no body
/// that the end of the connection ends, no 1xx, no folded fields, no byte behind the answer.
class ResponseReader {
 public:
  static constexpr std::size_t kMaxHead = 8 * 1024;
  static constexpr std::size_t kMaxBody = 64 * 1024;

  enum class State { more, complete, refused };
  /// The next bytes, cut anywhere. After `refused` nothing more is taken.
  State feed(std::string_view bytes);

  const HttpAnswer& answer() const { return answer_; }  ///< once complete
  const char* fault() const { return fault_; }          ///< once refused
  bool untouched() const { return head_.empty(); }      ///< no byte of an answer came yet

 private:
  State refuse(const char* fault);
  State take_body(std::string_view bytes);
  bool read_head(std::string_view head);
  bool read_status(std::string_view line);
  bool read_field(std::string_view line);

  HttpAnswer answer_;
  std::string head_;
  std::optional<std::size_t> length_;
  bool in_body_ = false;
  State state_ = State::more;
  const char* fault_ = "";
};

}  // namespace latchkey::client
