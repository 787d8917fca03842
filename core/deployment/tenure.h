#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/deployment/decision.h"
#include "core/usbkey/status_table.h"

namespace latchkey {

/// Which key is in use, and what bridges it once it has left: SPEC BUF-1…11, KEY-9. Refers into the
/// readings and licenses it is given, which must outlive it.
class Tenure {
 public:
  std::string_view key_id() const { return key_id_; }  ///< of the key in use, else empty

  const std::optional<Buffer>& buffer() const { return buffer_; }  ///< over or not

  /// What the key itself remembers, when the facts have forgotten it (SPEC BUF-10).
  void adopt_stamp(Time now, const KeyReading& reading);
  /// When the removals so far were is an estimate (SPEC TIME-2): no memory of one ends before it
  /// would if it was now.
  void doubt(Time now);
  /// At this instant the status table chose this key, or none.
  void choose(Time at, const std::optional<KeyInPort>& in_use);

  /// Fills in what follows from all that at `decision.at`.
  void tell(Decision& decision) const;

 private:
  void removed(Time at);
  const RemovalHistory* history() const;  // of the key in use
  std::optional<Time> next_change(const LicenseSummary& license, Time now) const;

  RemovalHistories history_;
  std::string_view key_id_;
  const LicenseSummary* license_ = nullptr;  // of the key in use
  const LicenseSummary* bridged_ = nullptr;  // of the key that left last, while none is in use
  std::optional<Buffer> buffer_;
};

}  // namespace latchkey
