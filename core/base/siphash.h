#pragma once

#include <bit>
#include <cstdint>

#include "core/base/bytes.h"

namespace latchkey {

/// Secret, chosen by the process that uses it.
struct SipKey {
  std::uint64_t low = 0, high = 0;
};

/// SipHash (Aumasson and Bernstein 2012), for tables whose keys a stranger chooses: who does not
/// know the key cannot make them collide. SipHash-1-3 is enough for that; 2-4 is what the paper's
/// vectors are of.
template <int kRounds = 1, int kFinalRounds = 3>
class SipHash {
 public:
  explicit SipHash(const SipKey& key)
      : a_(key.low ^ 0x736f6d6570736575),
        b_(key.high ^ 0x646f72616e646f6d),
        c_(key.low ^ 0x6c7967656e657261),
        d_(key.high ^ 0x7465646279746573) {}

  std::uint64_t operator()(ByteView bytes) const {
    auto state = *this;
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) state.take(word(bytes.subspan(at, 8)));
    state.take(word(bytes.subspan(at)) | std::uint64_t{bytes.size()} << 56);
    state.c_ ^= 0xff;
    for (int i = 0; i < kFinalRounds; ++i) state.round();
    return state.a_ ^ state.b_ ^ state.c_ ^ state.d_;
  }

 private:
  /// Up to eight bytes, little-endian.
  static std::uint64_t word(ByteView bytes) {
    std::uint64_t out = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) out = out << 8 | bytes[i - 1];
    return out;
  }
  void take(std::uint64_t word) {
    d_ ^= word;
    for (int i = 0; i < kRounds; ++i) round();
    a_ ^= word;
  }
  void round() {
    a_ += b_;
    c_ += d_;
    b_ = std::rotl(b_, 13) ^ a_;
    d_ = std::rotl(d_, 16) ^ c_;
    a_ = std::rotl(a_, 32);
    c_ += b_;
    a_ += d_;
    b_ = std::rotl(b_, 17) ^ c_;
    d_ = std::rotl(d_, 21) ^ a_;
    c_ = std::rotl(c_, 32);
  }

  std::uint64_t a_, b_, c_, d_;
};

}  // namespace latchkey
