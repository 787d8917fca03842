#pragma once

#include <chrono>
#include <map>
#include <string>

namespace latchkey {

/// So many attempts at once, and one more in each interval, for each name; bounded in memory, for
/// the names are a stranger's. Time comes in as an argument.
class RateLimit {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  RateLimit(unsigned burst, std::chrono::seconds interval) : burst_(burst), interval_(interval) {}

  /// Takes an attempt; zero: there was one; else how long until there is.
  std::chrono::seconds take(const std::string& name, Instant now);
  /// The last attempt was none that counts.
  void give_back(const std::string& name);
  std::size_t size() const { return full_at_.size(); }

 private:
  const unsigned burst_;
  const std::chrono::seconds interval_;
  std::map<std::string, Instant> full_at_;  ///< when all attempts are there again
};

}  // namespace latchkey
