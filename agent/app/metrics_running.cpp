#include "agent/app/metrics_running.h"

#include <array>
#include <numeric>

namespace latchkey {
namespace {

using net::RouteTraffic;

constexpr std::array<std::string_view, 5> kClasses{"1xx", "2xx", "3xx", "4xx", "5xx"};

/// From the first scrape on, so that the first failure of all is an increase.
constexpr bool always_shown(std::size_t status_class) {
  return kClasses[status_class] == "2xx" || kClasses[status_class] == "4xx" ||
         kClasses[status_class] == "5xx";
}

void add_counts(Exposition& page, const RouteTraffic& traffic, std::string_view method,
                std::string_view route) {
  for (std::size_t i = 0; i < kClasses.size(); ++i)
    if (traffic.classes[i] > 0 || always_shown(i))
      page.sample(traffic.classes[i],
                  {{"method", method}, {"route", route}, {"code", kClasses[i]}});
}

void add_requests(Exposition& page, const net::Traffic& traffic) {
  page.counter("latchkey_http_requests_total",
               "Requests answered, by route and class of status; those of route none were turned "
               "away before they reached one.");
  for (const auto& [route, counted] : traffic.routes())
    add_counts(page, counted, route.first, route.second);
  add_counts(page, traffic.turned_away(), "none", "none");
  page.histogram("latchkey_http_request_duration_seconds",
                 "From the complete request to its answer, by route; event streams are not in it.");
  for (const auto& [route, counted] : traffic.routes())
    if (counted.classes != RouteTraffic().classes)
      page.sample(counted.took, {{"method", route.first}, {"route", route.second}});
}

void add_commits(Exposition& page, const RunningFigures& running) {
  page.counter("latchkey_lease_commits_total",
               "Durable changes of leases, each with all that came together.");
  page.sample(running.lease_commits.done, {{"result", "done"}});
  page.sample(running.lease_commits.refused, {{"result", "refused"}});
  page.counter("latchkey_store_commits_total", "Transactions of the database.");
  page.sample(running.commits.done, {{"result", "done"}});
  page.sample(running.commits.refused, {{"result", "refused"}});
  page.histogram("latchkey_store_commit_duration_seconds",
                 "Of a transaction that was done, until it was durable.");
  page.sample(running.commits.took);
}

void add_process(Exposition& page, const RunningFigures& running) {
  page.gauge("latchkey_uptime_seconds", "Since the agent's start, by a clock that nobody sets.");
  page.sample(running.uptime_s);
  page.counter("process_cpu_seconds_total", "Processor time of all threads.");
  page.sample(std::chrono::duration<double>(running.process.processor).count());
  page.gauge("process_resident_memory_bytes", "Resident memory.");
  page.sample(running.process.resident_bytes);
}

}  // namespace

void add_running(Exposition& page, const RunningFigures& running) {
  add_requests(page, running.traffic);
  add_commits(page, running);
  add_process(page, running);
}

}  // namespace latchkey
