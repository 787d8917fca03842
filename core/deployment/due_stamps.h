#pragma once

#include <string_view>
#include <vector>

#include "core/deployment/witness.h"

namespace latchkey {

struct DueStamp {
  PluggedKey key;
  RemovalStamp stamp;
};

/// The stamps that the keys in this node's ports lack (SPEC BUF-10). None while the peer is not
/// heard, from the first moment of silence on, nor while no key is in use: this node may then
/// believe in a removal that never was (SPEC KEY-11, KEY-12), which is not for a key to keep. A key
/// that was pulled learns of it when it is back as well.
std::vector<DueStamp> due_stamps(const Witness& witness, const Decision& decision,
                                 std::string_view node);

}  // namespace latchkey
