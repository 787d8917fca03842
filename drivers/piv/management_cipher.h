#pragma once

#include <optional>

#include "drivers/piv/management_keys.h"

namespace latchkey::piv {

/// One block, ECB (SP 800-73-4 part 2 appendix A.1). Nothing when `block` is not exactly one, or
/// the cryptographic library refuses.
std::optional<Bytes> encrypt_block(const ManagementKey& key, ByteView block);
std::optional<Bytes> decrypt_block(const ManagementKey& key, ByteView block);

}  // namespace latchkey::piv
