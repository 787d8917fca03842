#pragma once

#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/deployment/fact.h"

namespace latchkey {

/// How far ahead wrong clocks were, all of them.
using WrongLeads = std::set<Duration>;

struct RepairedFacts {
  std::vector<Fact> facts;  ///< in canonical order
  WrongLeads leads;
};

/// The facts with the dates that they would bear had no clock been wrong (SPEC TIME-2); none when
/// no repair is among them. In a chain that a repair names, each fact after a jump beyond the
/// document's time goes back by that jump (ClockJumped); dates still never decrease within a chain,
/// and none becomes later than it was. A chain that tells of no such jump stays as it is. So do the
/// stored facts: their hashes cover the dates that were written.
std::optional<RepairedFacts> with_repaired_dates(std::span<const Fact> facts);

/// Whether that repair says that a wrong clock dated the fact. `repair` is a TimeRepaired.
bool is_repaired_by(const Fact& fact, const Fact& repair);

/// A stamp as a right clock would have made it, when it is dated after its reading: of what the
/// wrong clocks allow, the latest removal and the earliest end. One that they do not explain stays.
RemovalStamp with_repaired_date(const RemovalStamp& stamp, Time read, const WrongLeads& leads);

}  // namespace latchkey
