#include "agent/store/lease_audit.h"

namespace latchkey {
namespace {

/// For people; the others are counted.
constexpr std::size_t kMostTold = 20;

}  // namespace

void LeaseAudit::take(std::uint64_t position, bool sound) {
  if (report_.rows++ == 0)
    oldest_ = position;
  else if (position != next_)
    note(next_, "is not there");
  next_ = position + 1;
  if (!sound) note(position, "was damaged");
}

void LeaseAudit::cannot_be_read(const std::string& why) {
  note(next_ - 1, "cannot be read: " + why);
}

void LeaseAudit::note(std::uint64_t position, const std::string& why) {
  ++report_.faults;
  if (report_.told.size() < kMostTold)
    report_.told.push_back("row " + std::to_string(position) + " of the lease journal " + why);
}

}  // namespace latchkey
