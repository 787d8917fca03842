#pragma once

#include <optional>
#include <string>

#include "core/usbkey/reading.h"
#include "tests/simulation/vendor.h"

namespace latchkey::simulation {

/// A genuine USB key: what it carries, and how its next reading ends.
struct VirtualKey {
  std::string id;
  std::optional<Issued> license;
  std::optional<RemovalStamp> stamp;
  bool silent = false;  ///< does not answer
  bool roomy = true;    ///< can store licenses and stamps

  KeyReading read() const {
    if (silent) return {KeyFault::unreadable, "", {}, {}, ""};
    if (!license) return {KeyFault::unprovisioned, id, {}, {}, ""};
    return {{}, id, license->summary(), stamp, ""};
  }
};

}  // namespace latchkey::simulation
