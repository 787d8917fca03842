#include "agent/net/crowd.h"

#include <algorithm>

namespace latchkey::net {

void Crowd::add(Number number, const std::string& address) {
  guests_[number] = {address, true};
  silent_[address].insert(number);
}

void Crowd::began(Number number) {
  const auto found = guests_.find(number);
  if (found == guests_.end() || !found->second.silent) return;
  found->second.silent = false;
  erase(silent_, found->second.address, number);
  begun_[found->second.address].insert(number);
}

void Crowd::remove(Number number) {
  const auto found = guests_.find(number);
  if (found == guests_.end()) return;
  erase(found->second.silent ? silent_ : begun_, found->second.address, number);
  guests_.erase(found);
}

Crowd::Number Crowd::first_to_go() const {
  const auto& among = silent_.empty() ? begun_ : silent_;
  const auto fullest =
      std::max_element(among.begin(), among.end(), [](const auto& a, const auto& b) {
        if (a.second.size() != b.second.size()) return a.second.size() < b.second.size();
        return *a.second.begin() > *b.second.begin();
      });
  return *fullest->second.begin();
}

void Crowd::erase(Addresses& from, const std::string& address, Number number) {
  const auto found = from.find(address);
  found->second.erase(number);
  if (found->second.empty()) from.erase(found);
}

}  // namespace latchkey::net
