#pragma once

#include <openssl/crypto.h>

#include <ranges>

namespace latchkey {

/// Two byte strings, compared in a time that says nothing of where they differ.
template <std::ranges::contiguous_range A, std::ranges::contiguous_range B>
bool same_secret(const A& a, const B& b) {
  static_assert(sizeof(std::ranges::range_value_t<A>) == 1 &&
                sizeof(std::ranges::range_value_t<B>) == 1);
  return std::ranges::size(a) == std::ranges::size(b) &&
         CRYPTO_memcmp(std::ranges::data(a), std::ranges::data(b), std::ranges::size(a)) == 0;
}

}  // namespace latchkey
