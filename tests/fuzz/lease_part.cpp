#include <cstdlib>
#include <map>

#include "core/pool/lease_handover.h"

// Leases as they lie in a journal and come from the node that kept them before: refused where they
// are broken, and what was taken in is given on as it was.
namespace {

using namespace latchkey;

constexpr std::uint32_t kNow = 1000;

std::map<std::string, Lease> leases_of(const LeaseLedger& ledger) {
  std::map<std::string, Lease> all;
  for (LeaseLedger::Slot slot = 0; slot < ledger.slots(); ++slot)
    if (ledger.occupied(slot)) all.emplace(ledger.consumer(slot), ledger.lease(slot));
  return all;
}

/// Part by part, as over the link.
void hand_over(LeaseLedger& from, LeaseLedger& to) {
  LeaseGiver giver(from);
  LeaseTaker taker(to);
  giver.begin(1);
  while (const auto part = giver.next(kNow)) {
    if (!taker.take(*part, true, kNow)) std::abort();
    if (!giver.acknowledged({part->epoch, part->number})) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, data + size);
  LeaseLedger journal;
  if (journal.load(bytes)) journal.loaded(kNow);

  LeaseLedger here, there;
  if (!LeaseTaker(here).take({1, 1, true, bytes, {}}, false, kNow)) return 0;
  const auto before = leases_of(here);
  hand_over(here, there);
  if (here.size() != 0 || leases_of(there) != before) std::abort();
  return 0;
}
