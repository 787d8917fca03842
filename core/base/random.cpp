#include "core/base/random.h"

#include <openssl/rand.h>

namespace latchkey {

bool system_random(std::span<std::uint8_t> out) {
  return RAND_bytes(out.data(), static_cast<int>(out.size())) == 1;
}

}  // namespace latchkey
