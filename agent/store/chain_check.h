#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/deployment/fact.h"

namespace latchkey {

/// Follows hash chains fact by fact (SPEC REC-2). The facts of one chain come in order, chains may
/// interleave.
class ChainCheck {
 public:
  /// Where a chain is known to stand; before any of its facts is checked.
  void start(const std::string& chain, std::uint64_t seq, std::string hash) {
    links_[chain] = {seq, std::move(hash)};
  }

  /// Error `chain-broken`: the text does not have the hash, or does not continue its chain. Nothing
  /// changes then.
  Result<Fact> next(const EncodedFact& encoded) {
    auto decoded = decode_fact(encoded.text);
    if (!decoded) return broken("a fact does not decode: " + decoded.error().message);
    const auto& fact = decoded->fact;
    const auto where = "fact " + std::to_string(fact.seq) + " of chain " + fact.chain;
    if (decoded->hash != encoded.hash) return broken(where + " was changed");
    auto& link = links_[fact.chain];
    if (fact.seq != link.seq + 1 || decoded->prev != link.hash)
      return broken(where + " does not continue its chain");
    link = {fact.seq, std::move(decoded->hash)};
    return std::move(decoded->fact);
  }

 private:
  struct Link {
    std::uint64_t seq = 0;
    std::string hash;
  };
  static tl::unexpected<Error> broken(std::string message) {
    return fail("chain-broken", std::move(message),
                "find out who changed the database; restore it from the peer");
  }
  std::map<std::string, Link> links_;
};

}  // namespace latchkey
