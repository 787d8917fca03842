#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/base/result.h"

namespace latchkey {

/// Who is logged in with a password (SPEC SEC-2): in memory, over after 30 minutes of silence and
/// after 12 hours. Time comes in as an argument.
class Sessions {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kIdle{30};
  static constexpr std::chrono::hours kLife{12};
  static constexpr std::size_t kPerAccount = 16, kAll = 256;

  /// A cookie of the one is worth nothing on the other. `plain`: the loopback, without TLS, where
  /// not every browser takes a cookie that is `Secure`.
  enum class Wire { tls, plain };

  struct Session {
    std::string account;
    std::string csrf;  ///< what a change has to show in X-Latchkey-CSRF
    Instant opened, used;
  };
  struct Opened {
    std::string cookie;  ///< value of the header Set-Cookie
    std::string csrf;
  };

  /// One more than the bounds ends the one that was silent for longest. Error: `no-random`.
  Result<Opened> open(const std::string& account, Instant now, const FillRandom& random,
                      Wire wire = Wire::tls);
  /// Of the header Cookie; null: none, or over.
  Session* find(std::string_view cookies, Instant now, Wire wire = Wire::tls);
  void close(std::string_view cookies, Wire wire = Wire::tls);
  void close_all(const std::string& account);
  /// Value of the header Set-Cookie that makes a browser forget.
  static std::string farewell(Wire wire = Wire::tls);

 private:
  void make_room(const std::string& account, Instant now);

  std::map<std::string, Session> sessions_;  ///< by the hash of what the cookie holds
};

}  // namespace latchkey
