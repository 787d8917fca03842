#include "load/tally.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace latchkey::load {
namespace {

double rounded(double value) { return std::round(value * 100) / 100; }

}  // namespace

void Tally::print() const {
  auto refusals = nlohmann::json::object();
  for (const auto& [status, count] : refused) refusals[std::to_string(status)] = count;
  const nlohmann::json told{{"answers", answers},
                            {"rate", std::llround(static_cast<double>(answers) / seconds)},
                            {"p50_us", rounded(latency.at(0.5))},
                            {"p90_us", rounded(latency.at(0.9))},
                            {"p99_us", rounded(latency.at(0.99))},
                            {"p999_us", rounded(latency.at(0.999))},
                            {"max_us", rounded(latency.at(1))},
                            {"refused", refusals},
                            {"first_refusal", first_refusal},
                            {"unanswered", unanswered},
                            {"body_bytes", body_bytes},
                            {"seconds", rounded(seconds)},
                            {"busy", rounded(busy)}};
  std::puts(told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

}  // namespace latchkey::load
