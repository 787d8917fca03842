#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"

namespace latchkey {

struct JsonLimits {
  std::size_t bytes;
  int depth;  ///< 1: one array or object of plain values
};

/// Reads hostile JSON (RFC 8259): the whole text, valid UTF-8, within the limits, no member named
/// twice. Error: `invalid-format`.
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits);

/// The members of one JSON object, read strictly: each getter notes the first thing that is wrong,
/// with its path, and returns an empty value; finish() tells. Members that nobody asked for are
/// wrong too: a restriction that this version does not know must not be overlooked.
class JsonObject {
 public:
  /// `value` must outlive this object.
  explicit JsonObject(const nlohmann::json& value);

  bool has(std::string_view name) const;
  /// 1 to `max` bytes without control characters.
  std::string text(std::string_view name, std::size_t max);
  /// Text of letters, digits and `.-_:` only, 1 to `max` bytes.
  std::string name(std::string_view name, std::size_t max);
  std::uint64_t number(std::string_view name, std::uint64_t min, std::uint64_t max);
  Time time(std::string_view name);
  /// `count` bytes of lower-case hexadecimal, left as text.
  std::string hex(std::string_view name, std::size_t count);
  /// Reads the text `name` and hands it to `accept`, which says whether it is one of the known
  /// values.
  void choice(std::string_view name, const std::function<bool(std::string_view)>& accept);
  void object(std::string_view name, const std::function<void(JsonObject&)>& read);
  /// An array of min to max objects.
  void objects(std::string_view name, std::size_t min, std::size_t max,
               const std::function<void(JsonObject&)>& read);
  /// An array of 0 to `max` names, each as by name(); absent counts as empty.
  std::vector<std::string> names(std::string_view name, std::size_t max, std::size_t max_size);
  /// An object of 0 to `max` texts, each as by text(), under names of at most 64 bytes; absent
  /// counts as empty.
  std::map<std::string, std::string> texts(std::string_view name, std::size_t max,
                                           std::size_t max_size);

  /// The names of all members, for an object whose names are data: at most `max`, each a name() of
  /// at most `max_size` bytes; empty when they are not.
  std::vector<std::string> members(std::size_t max, std::size_t max_size);

  void reject(std::string_view name, std::string_view why);
  /// Call once at the end. Error: `invalid-format` with the path of the first fault.
  Result<void> finish();

 private:
  const nlohmann::json* find(std::string_view name);
  void descend(const nlohmann::json& value, const std::string& path,
               const std::function<void(JsonObject&)>& read);

  const nlohmann::json& value_;
  std::vector<std::string> asked_;
  std::string fault_;
};

}  // namespace latchkey
