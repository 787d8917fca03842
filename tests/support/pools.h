#pragma once

#include "core/pool/pool_id.h"

namespace latchkey::test {

inline const PoolId kKvm{"kvm", "cpu-socket"};

}  // namespace latchkey::test
