#include <benchmark/benchmark.h>

#include "tests/support/sample_vendor.h"

// A license as it comes off a key: parse the envelope, verify its signature, parse the document.
// `openssl speed ed25519` is the signature alone.
namespace latchkey {
namespace {

void verify_license(benchmark::State& state) {
  const test::SampleVendor vendor;
  const auto trust = vendor.trust();
  const auto key = key_id(test::new_key().public_key().der());
  const auto envelope = vendor.seal(test::SampleVendor::license(key));
  for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores)
    auto license = trust.verify_license(envelope);
    if (!license) state.SkipWithError("the license does not verify");
    benchmark::DoNotOptimize(license);
  }
}
BENCHMARK(verify_license)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace latchkey

BENCHMARK_MAIN();
