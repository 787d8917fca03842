#include "tests/simulation/virtual_disk.h"

#include <algorithm>

namespace latchkey::simulation {

bool VirtualDisk::flush() {
  if (requests_.empty()) return false;
  const auto request = std::move(requests_.front());
  requests_.pop_front();
  if (full) {
    request.done(fail("store-failed", "the virtual disk is full"));
  } else {
    write(request);
    request.done({});
  }
  return true;
}

void VirtualDisk::lose_power(bool written) {
  if (written && !full && !requests_.empty()) write(requests_.front());
  requests_.clear();
}

void VirtualDisk::replace(StoreContents contents) {
  contents_ = std::move(contents);
  follow_chains();
}

void VirtualDisk::write(const Request& request) {
  if (request.change) apply(*request.change);
  for (const auto& encoded : request.batch.facts) {
    auto fact = chains_.next(encoded);
    if (fact)
      contents_.facts.push_back({std::move(*fact), encoded});
    else if (damage_.empty())
      damage_ = fact.error().message;
  }
  for (const auto& document : request.batch.documents) {
    const auto same = [&](const Document& known) { return known.hash == document.hash; };
    if (std::ranges::none_of(contents_.documents, same)) contents_.documents.push_back(document);
  }
}

void VirtualDisk::apply(const ChainSwitch& change) {
  std::erase_if(contents_.facts, [&](const StoredFact& stored) {
    return stored.fact.chain == change.forked && stored.fact.seq > change.common;
  });
  contents_.chain = change.chain;
  follow_chains();
}

void VirtualDisk::follow_chains() {
  chains_ = {};
  for (const auto& stored : contents_.facts)
    chains_.start(stored.fact.chain, stored.fact.seq, stored.encoded.hash);
}

}  // namespace latchkey::simulation
