#pragma once

#include "agent/store/fact_store.h"

namespace latchkey {

/// Follows the lease journal row by row, and goes on after what is broken.
class LeaseAudit {
 public:
  /// In order. `sound`: the row is what was written.
  void take(std::uint64_t position, bool sound);
  /// Of the row that was taken last.
  void cannot_be_read(const std::string& why);

  std::uint64_t oldest() const {
    return oldest_;
  }  ///< position of the first row; none: of the next
  std::uint64_t next() const { return next_; }
  const StoreReport::Leases& report() const { return report_; }

 private:
  void note(std::uint64_t position, const std::string& why);

  StoreReport::Leases report_;
  std::uint64_t oldest_ = 1, next_ = 1;
};

}  // namespace latchkey
