#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/usbkey/key_fault.h"

namespace latchkey {

/// Half-open: valid at `not_before`, over at `not_after`.
struct ValidityWindow {
  Time not_before;
  Time not_after;
  bool operator==(const ValidityWindow&) const = default;
};

/// What the key state and the buffer need to know of a verified license document.
struct LicenseSummary {
  std::string document;  ///< content hash of the envelope
  std::string id;        ///< the license's own id
  Time issued;
  std::vector<ValidityWindow> windows;  ///< the distinct validities of its entries; never empty
  bool operator==(const LicenseSummary&) const = default;
};

/// The removal-history anchor a key can carry (SPEC BUF-10). Signed by the deployment; only a stamp
/// that verified is put into a reading.
struct RemovalStamp {
  Time removed_at;    ///< the latest removal that started a buffer
  Time buffer_until;  ///< when that buffer ends or ended
  bool operator==(const RemovalStamp&) const = default;
};

/// The outcome of one full reading of one recognised key.
struct KeyReading {
  std::optional<KeyFault> fault;  ///< none: the key works (SPEC KEY: "works")
  std::string key_id;  ///< empty until the key has proven that it is this one (SPEC SEC-4)
  std::optional<LicenseSummary> license;  ///< present when the key works
  std::optional<RemovalStamp> stamp;
  std::string detail;  ///< for people and logs: what exactly failed; never decides anything
  bool works() const { return !fault; }
  bool operator==(const KeyReading&) const = default;
};

}  // namespace latchkey
