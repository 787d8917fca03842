#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "core/pool/lease_table.h"

// How long the longest insertion among many takes: a table that grows at once would hold the
// reactor for as long as it copies. Each of several rounds inserts the same leases, so that the
// growth falls on the same ones; of an insertion the quickest round counts, as the others were
// disturbed. Prints one JSON object.
//   lease_insert_bench LEASES
namespace {

using Clock = std::chrono::steady_clock;
using latchkey::LeaseTable;

constexpr int kRounds = 5;
constexpr std::size_t kBatch = 1000;

using Times = std::vector<float>;  // microseconds, by insertion

void insert_all(const std::vector<std::string>& names, Times& best) {
  const LeaseTable::Item item{0, 1};
  LeaseTable table({1, 2});
  auto begin = Clock::now();
  for (std::size_t i = 0; i < names.size(); ++i) {
    table.insert(table.name(names[i]), 60, {&item, 1});
    const auto end = Clock::now();
    best[i] = std::min(best[i], std::chrono::duration<float, std::micro>(end - begin).count());
    begin = end;
  }
}

float median_batch(const Times& times) {
  Times batches;
  for (std::size_t i = 0; i + kBatch <= times.size(); i += kBatch) {
    float sum = 0;
    for (std::size_t j = i; j < i + kBatch; ++j) sum += times[j];
    batches.push_back(sum);
  }
  const auto middle = batches.begin() + static_cast<std::ptrdiff_t>(batches.size() / 2);
  std::ranges::nth_element(batches, middle);
  return *middle;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<std::string> names(std::stoul(argv[1]));
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = "consumer-" + std::to_string(i);
  Times best(names.size(), 1e9F);
  for (int round = 0; round < kRounds; ++round) insert_all(names, best);
  std::printf("{\"longest_us\":%.2f,\"median_1000_us\":%.2f}\n", *std::ranges::max_element(best),
              median_batch(best));
}
