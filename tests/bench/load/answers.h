#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::load {

/// Finds where answers end in the bytes of one connection, and reads little else of them. The
/// servers are known: each answer says `Content-Length: n`, or is a 204.
class AnswerSplitter {
 public:
  struct Answer {
    int status = 0;
    std::size_t body_bytes = 0;
  };

  /// The next answer that ends in `bytes`, which go from its front; none: all of them are taken,
  /// and more have to come.
  std::optional<Answer> take(std::string_view& bytes);
  bool broken() const { return broken_; }              ///< that was no answer; nothing can follow
  const std::string& error() const { return error_; }  ///< body of the last answer from 300 on

 private:
  bool take_head(std::string_view& bytes);
  void read_head(std::string_view head);

  std::string head_;  ///< as far as it came, when it came in pieces
  std::string error_;
  Answer answer_;
  std::size_t body_left_ = 0;
  bool in_body_ = false;
  bool broken_ = false;
};

}  // namespace latchkey::load
