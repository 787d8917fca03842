#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>

#include "core/deployment/fold.h"

// One fold over many facts: what a start with a long history costs (DESIGN 1).
namespace latchkey {
namespace {

constexpr Time kStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

KeyReading working_key() {
  KeyReading reading;
  reading.key_id = "LK-00000-00000-00000-00000-0";
  reading.license = LicenseSummary{.document = std::string(64, 'd'),
                                   .id = "license-1",
                                   .issued = kStart,
                                   .windows = {{kStart, kStart + 3650 * kDay}}};
  return reading;
}

/// Two nodes between which one key moves every hour: read here, gone here, read there, …
std::vector<Fact> moving_key(std::size_t count) {
  struct Node {
    std::string id, chain;
    std::uint64_t seq = 0;
  };
  std::array<Node, 2> nodes{
      {{std::string(32, 'a'), std::string(32, 'a')}, {std::string(32, 'b'), std::string(32, 'b')}}};
  std::vector<Fact> facts;
  const auto add = [&](std::size_t i, Node& node, FactBody body) {
    facts.push_back(
        {kStart + std::chrono::minutes(30 * i), node.chain, ++node.seq, node.id, std::move(body)});
  };
  for (auto& node : nodes) add(0, node, NodeJoined{node.id, {}});
  for (std::size_t i = 0; facts.size() < count; ++i) {
    auto& node = nodes[i / 2 % 2];
    const bool plugged = i % 2 == 0;
    if (plugged) add(i, node, KeyRead{"3-1:1", "hidkey", working_key()});
    if (!plugged) add(i, node, KeyGone{"3-1:1"});
  }
  // As Witness keeps them.
  std::ranges::sort(facts, [](const Fact& a, const Fact& b) { return canonical_order(a, b) < 0; });
  return facts;
}

void fold_facts(benchmark::State& state) {
  const auto facts = moving_key(static_cast<std::size_t>(state.range(0)));
  const auto now = facts.back().at + std::chrono::minutes(1);
  for (auto _ : state)  // NOLINT(clang-analyzer-deadcode.DeadStores)
    benchmark::DoNotOptimize(fold(facts, {}, now));
}
BENCHMARK(fold_facts)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace latchkey

BENCHMARK_MAIN();
