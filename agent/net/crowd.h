#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace latchkey::net {

/// Who is at the door and not inside yet, by number and address: says who has to make room when one
/// more comes (SPEC SEC-3). Those that have said nothing go before those that have begun, and of
/// either those of the address that has the most: a flood pushes out its own, and an honest client,
/// however far away, finishes what it began.
class Crowd {
 public:
  using Number = std::uint64_t;  ///< of those who came, in their order

  void add(Number number, const std::string& address);
  /// That one said something.
  void began(Number number);
  void remove(Number number);
  std::size_t size() const { return guests_.size(); }
  /// The oldest of the fullest address; of equals, the one who came first. Somebody is there.
  Number first_to_go() const;

 private:
  using Addresses = std::map<std::string, std::set<Number>>;
  struct Guest {
    std::string address;
    bool silent;
  };
  static void erase(Addresses& from, const std::string& address, Number number);

  std::map<Number, Guest> guests_;
  Addresses silent_, begun_;
};

}  // namespace latchkey::net
