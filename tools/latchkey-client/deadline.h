#pragma once

#include "tools/latchkey-client/lease_machine.h"

namespace latchkey::client {

Instant boot_now();

/// How long something may take, and what ends it before.
struct Patience {
  Instant until{0};
  int cancel = -1;  ///< a descriptor that becomes readable; -1: none
};

/// Waits for `events` (poll(2)) on `fd`; false: the patience ended first.
bool wait_for(int fd, short events, const Patience& patience);

}  // namespace latchkey::client
