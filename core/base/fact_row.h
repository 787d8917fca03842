#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "core/base/json.h"

namespace latchkey {

/// How one kind of fact is read; `Body` is the variant of a room's kinds. Includes JSON: for
/// codecs.
template <class Body>
struct FactRow {
  std::string_view kind;
  Body (*read)(JsonObject& in);
};

/// Reads a fact's own members, those that not every fact has. Nothing: of no kind in `rows`. Error:
/// `invalid-fact`.
template <class Body, std::size_t size>
std::optional<Result<Body>> read_fact_with(const std::array<FactRow<Body>, size>& rows,
                                           std::string_view kind, const nlohmann::json& in) {
  for (const auto& row : rows) {
    if (row.kind != kind) continue;
    auto own = in;
    for (const char* common : {"at", "chain", "seq", "node", "kind", "prev"}) own.erase(common);
    JsonObject object(own);
    auto fact = row.read(object);
    if (const auto outcome = object.finish(); !outcome)
      return Result<Body>(fail("invalid-fact", outcome.error().message, outcome.error().cure));
    return Result<Body>(std::move(fact));
  }
  return std::nullopt;
}

}  // namespace latchkey
