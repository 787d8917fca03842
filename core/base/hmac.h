#pragma once

#include <memory>

#include "core/base/bytes.h"
#include "core/base/sha256.h"

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace latchkey {

/// HMAC-SHA256 (RFC 2104) under one key, set up once. Not thread-safe.
class HmacSha256 {
 public:
  explicit HmacSha256(ByteView key);
  ~HmacSha256();
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;

  /// None when OpenSSL fails: then nothing may be built on it.
  bool mac(ByteView message, Digest& out);
  /// In constant time.
  bool verify(ByteView message, ByteView mac);

 private:
  evp_mac_ctx_st* context_;
};

}  // namespace latchkey
