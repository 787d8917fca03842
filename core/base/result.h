#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace latchkey {

/// A refusal as a person meets it.
struct Error {
  std::string code;     ///< stable, kebab-case; scripts match on it
  std::string message;  ///< what happened
  std::string cure;     ///< what to do about it; may be empty
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string code, std::string message, std::string cure = {}) {
  return tl::make_unexpected(Error{std::move(code), std::move(message), std::move(cure)});
}

}  // namespace latchkey

/// Returns the error of `expr` from the enclosing function, else declares `var` with its value.
// NOLINTBEGIN(bugprone-macro-parentheses): `var` is a declaration.
#define LK_CONCAT_(a, b) a##b
#define LK_CONCAT(a, b) LK_CONCAT_(a, b)
#define LK_TRY_IMPL_(tmp, var, expr)                            \
  auto tmp = (expr);                                            \
  if (!tmp) return tl::make_unexpected(std::move(tmp).error()); \
  var = std::move(*tmp)
#define LK_TRY(var, expr) LK_TRY_IMPL_(LK_CONCAT(lk_try_, __LINE__), var, expr)
/// As LK_TRY, for a Result<void>.
#define LK_CHECK(expr)                                          \
  do {                                                          \
    if (auto lk_check_ = (expr); !lk_check_)                    \
      return tl::make_unexpected(std::move(lk_check_).error()); \
  } while (false)
// NOLINTEND(bugprone-macro-parentheses)
