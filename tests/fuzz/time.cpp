#include "core/base/time.h"

#include <cstdlib>

#include "core/base/bytes.h"

// What parse_time accepts, format_time writes back as the same instant.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto time = latchkey::parse_time(latchkey::as_text({data, size}));
  if (time && latchkey::parse_time(latchkey::format_time(*time)) != time) std::abort();
  return 0;
}
