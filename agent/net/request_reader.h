#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "agent/net/http.h"

namespace latchkey::net {

struct ReaderLimits {
  std::size_t header_bytes = 8 * 1024 - 1;
  std::size_t body_bytes = 1024 * 1024;
};

/// How many bytes of body a request may have, once its request line is known; `usual` is
/// ReaderLimits::body_bytes.
using BodyLimit = std::function<std::size_t(const Request& request, std::size_t usual)>;

/// Turns the bytes of one connection into requests with Beast's parser (RFC 9112); hostile input.
/// Keeps only what handlers see, and allocates nothing for a request that looks like the one
/// before.
class RequestReader {
 public:
  enum class State { incomplete, complete, refused };

  /// `body_limit` empty: always the usual one.
  explicit RequestReader(ReaderLimits limits = {}, BodyLimit body_limit = {});
  ~RequestReader();

  /// Eats what it can of `input` and returns how much that was; the rest must be offered again,
  /// with more after it.
  std::size_t feed(std::string_view input);
  State state() const;
  bool started() const;  ///< some of the current request has been seen
  bool wants_continue()
      const;  ///< the header is there and asks for `100 Continue` before the body (RFC 9110 10.1.1)
  bool keep_alive() const;  ///< meaningful when complete
  bool http_1_0() const;

  Request& request();  ///< valid when complete, until next(); `caller` is left alone
  const Response& refusal()
      const;    ///< when refused: 400, 411, 413 or 431; the connection is beyond use
  void next();  ///< start on the following request

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace latchkey::net
