#pragma once

#include "core/base/big_endian.h"

// The integers of docs/protocol-hidkey.md.
namespace latchkey::hidkey {

using latchkey::get_u16;
using latchkey::get_u32;
using latchkey::put_bytes;
using latchkey::put_u16;
using latchkey::put_u32;

}  // namespace latchkey::hidkey
