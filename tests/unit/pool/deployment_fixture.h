#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/pool/policy.h"

namespace latchkey::test {

inline constexpr Time kDayZero{std::chrono::hours(24 * 365 * 56)};
inline Time day(int number) { return kDayZero + number * kDay; }

inline LicenseEntry base(std::string object, std::uint64_t quantity, int from = 0, int to = 365,
                         std::string unit = "cpu-socket") {
  return {std::move(object), std::move(unit), quantity, EntryKind::base, {day(from), day(to)}, {}};
}
inline LicenseEntry module(std::string object, std::uint64_t quantity, int from = 0, int to = 365,
                           std::string unit = "cpu-socket") {
  auto entry = base(std::move(object), quantity, from, to, std::move(unit));
  entry.kind = EntryKind::module;
  return entry;
}

/// A deployment of one node as the fold of its facts would describe it: licenses in a key, under a
/// buffer, in files. Issue days decide precedence.
class Licensed {
 public:
  static constexpr const char* kKey = "LK-RED";

  explicit Licensed(Time now = day(100)) {
    decision.at = now;
    decision.reason = "never-inserted";
    decision.nodes = {"node-a"};
    decision.factors["node-a"] = {"here", {{"dmi-uuid", "1"}, {"machine-id", "2"}}, {}};
  }

  Licensed& key(int issued, std::vector<LicenseEntry> entries, std::string id = "on-key") {
    auto summary = store(document(std::move(id), issued, KeyBinding{kKey}, std::move(entries)));
    decision.state = KeyState::ready;
    decision.reason.clear();
    decision.key_id = kKey;
    decision.entries_until = entries_until(summary);
    decision.license = std::move(summary);
    return *this;
  }
  /// The key has left; its license is bridged until then.
  Licensed& pulled(int buffer_until) {
    const auto summary = *std::exchange(decision.license, std::nullopt);
    decision.state = KeyState::missing;
    decision.reason = "removed";
    decision.key_id.clear();
    decision.entries_until = entries_until(summary, day(buffer_until));
    decision.buffer = Buffer{kKey, summary, day(0), day(buffer_until)};
    return *this;
  }
  /// The key has left with an expired license: no buffer (SPEC BUF-1).
  Licensed& pulled_expired() {
    pulled(0);
    decision.entries_until = entries_until(decision.buffer->license);
    decision.buffer.reset();
    return *this;
  }
  Licensed& file(std::string id, int issued, std::vector<LicenseEntry> entries,
                 std::vector<std::string> supersedes = {}, DeploymentId deployment = "here") {
    auto license =
        document(std::move(id), issued,
                 DeploymentBinding{std::move(deployment), {{"node-a", {{"dmi-uuid", "1"}}}}, 1},
                 std::move(entries));
    license.supersedes = std::move(supersedes);
    keep("", store(std::move(license)));
    return *this;
  }
  /// Installed for a key.
  Licensed& kept(std::string key_id, std::string id, int issued,
                 std::vector<LicenseEntry> entries) {
    auto license = document(std::move(id), issued, KeyBinding{key_id}, std::move(entries));
    keep(key_id, store(std::move(license)));
    return *this;
  }
  Licensed& at(Time now) {
    decision.at = now;
    return *this;
  }

  Entitlements entitled() const {
    return entitle(decision,
                   {catalog,
                    "here",
                    {{"node-a", "Anna"}},
                    [this](const std::string& hash) -> std::shared_ptr<const StoredLicense> {
                      const auto found = documents.find(hash);
                      return found == documents.end() ? nullptr : found->second;
                    }});
  }
  /// `document:object` -> status.
  std::map<std::string, std::string> statuses() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : entitled().entries)
      out[entry.license->hash + ":" + entry.entry->object] = to_string(entry.status);
    return out;
  }
  Capacity counted(const Usage& usage = {}) const { return capacity(entitled(), usage, catalog); }
  /// The code of the refusal, or `allowed`.
  std::string answer(Operation operation, const std::string& object = {},
                     const Usage& usage = {}) const {
    const auto entitlements = entitled();
    const auto figures = capacity(entitlements, usage, catalog);
    const auto refused = denial({decision, entitlements, figures, catalog}, operation, object);
    return refused ? refused->code : "allowed";
  }

  Decision decision;
  Catalog catalog = default_catalog();
  std::map<std::string, std::shared_ptr<const StoredLicense>> documents;  ///< hash = license id

 private:
  static LicenseDocument document(std::string id, int issued, Binding binding,
                                  std::vector<LicenseEntry> entries) {
    LicenseDocument out;
    out.id = std::move(id);
    out.issued = day(issued);
    out.binding = std::move(binding);
    out.entries = std::move(entries);
    return out;
  }
  LicenseSummary store(LicenseDocument license) {
    auto summary = summarise(license, license.id);
    auto stored =
        std::make_shared<const StoredLicense>(StoredLicense{license.id, std::move(license)});
    documents.emplace(stored->hash, stored);
    return summary;
  }
  void keep(std::string key_id, LicenseSummary summary) {
    decision.kept.push_back(
        {std::move(key_id), std::move(summary), day(0), "node-a", "mary", "file", ""});
  }
};

}  // namespace latchkey::test
