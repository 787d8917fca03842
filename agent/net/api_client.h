#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace latchkey::net {

/// The cursor of the next page in an answer whose body has no room for it.
inline constexpr const char* kNextHeader = "Latchkey-Next";

/// A page of a long text.
struct TextPage {
  std::string text;
  std::string next;  ///< kNextHeader; empty: the last one
};

/// A program's side of the agent's Unix socket: blocking, one connection per call. For the command
/// line tool; the one header of the agent that tools may include.
///
/// Errors: `agent-unreachable` (nothing answers, or not in time), `not-permitted` (the socket's
/// rights), `bad-answer` (no HTTP, no JSON, over 64 MiB), and whatever code a problem document of
/// the agent carries.
class ApiClient {
 public:
  explicit ApiClient(std::string socket,
                     std::chrono::milliseconds patience = std::chrono::seconds(15));

  Result<nlohmann::json> get(const std::string& target) const;
  Result<TextPage> get_text(const std::string& target) const;  ///< whatever the type of the body
  /// `refusal`: where the problem document goes when the answer is one; null: nowhere.
  Result<nlohmann::json> post(const std::string& target, const std::string& body = {},
                              nlohmann::json* refusal = nullptr) const;
  Result<nlohmann::json> put(const std::string& target, const std::string& body) const;
  Result<nlohmann::json> remove(const std::string& target, const std::string& body = {}) const;

  /// Hands every server-sent event to `take` until that returns false (no error) or the agent goes
  /// away
  /// (`agent-unreachable`). Waits without limit between events.
  using TakeEvent = std::function<bool(std::string_view event, std::string_view data)>;
  Result<void> watch(const std::string& target, const TakeEvent& take) const;

 private:
  std::string socket_;
  std::chrono::milliseconds patience_;
};

}  // namespace latchkey::net
