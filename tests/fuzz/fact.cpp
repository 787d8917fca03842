#include "core/deployment/fact.h"

#include <cstdlib>

// A peer's fact is refused or survives being written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latchkey;
  const auto decoded = decode_fact(as_text({data, size}));
  if (!decoded) return 0;
  const auto again = decode_fact(encode(decoded->fact, decoded->prev).text);
  if (!again || again->fact != decoded->fact) std::abort();
  return 0;
}
