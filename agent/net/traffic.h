#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/base/duration_histogram.h"

namespace latchkey::net {

/// What became of the requests to one route.
struct RouteTraffic {
  std::array<std::uint64_t, 5> classes{};  ///< answers by status: 1xx to 5xx
  DurationHistogram took;  ///< from the complete request to its answer; streams are not in it

  void count(int status) {
    ++classes[static_cast<std::size_t>(std::clamp(status / 100, 1, 5)) - 1];
  }
};

/// `of` null: nobody counts.
inline void count(RouteTraffic* of, int status) {
  if (of != nullptr) of->count(status);
}

/// The requests of all servers of this process, by route. Reactor thread only.
class Traffic {
 public:
  using Routes = std::map<std::pair<std::string, std::string>, RouteTraffic>;  ///< method, path

  /// Made when it is asked for first, and stays in its place.
  RouteTraffic& of(const std::string& method, const std::string& path) {
    return routes_[{method, path}];
  }
  const Routes& routes() const { return routes_; }
  /// Requests that came to no route: unknown paths, callers without the right, broken requests.
  RouteTraffic& turned_away() { return turned_away_; }
  const RouteTraffic& turned_away() const { return turned_away_; }

 private:
  Routes routes_;
  RouteTraffic turned_away_;
};

/// Counts one request when its answer is there.
class RequestCount {
 public:
  /// `of` null: nobody counts. Outlives the request.
  explicit RequestCount(RouteTraffic* of) : of_(of), since_(Clock::now()) {}

  void answered(int status) const {
    if (of_ == nullptr) return;
    of_->count(status);
    of_->took.add(Clock::now() - since_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  RouteTraffic* of_;
  Clock::time_point since_;
};

}  // namespace latchkey::net
