#pragma once

#include <string>

#include "tests/simulation/world.h"

namespace latchkey::simulation {

/// What must be true after every step, whatever happened. Empty, or what is wrong. Lets the world's
/// reference follow a node that saw what the reference could not.
std::string check_step(World& world);

/// What must be true once all is well again (SPEC KEY-6, KEY-12, BUF-10, LIC-10): both nodes say
/// the same, and nothing that was acknowledged is lost.
std::string check_calm(World& world);

}  // namespace latchkey::simulation
