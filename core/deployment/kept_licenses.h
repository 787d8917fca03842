#pragma once

#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/deployment/decision.h"
#include "core/deployment/fact.h"

namespace latchkey {

/// The licenses that administrators installed, as the facts tell it in their canonical order, and
/// which of those for a USB key counts for it (SPEC LIC-8): of the one it carries and those
/// installed for it the one issued last, whole. Between two issued at the same instant the
/// installed one wins, of two installed ones the later: what was accepted takes effect, on every
/// node alike. Refers into the facts, which must outlive it.
class KeptLicenses {
 public:
  void add(const Fact& fact, const LicenseImported& imported);
  /// A file license is gone until it is installed again.
  void remove(const LicenseDeleted& deleted);
  /// The document counts no more, nor does a later installation of the same one.
  void withdraw(const LicenseWithdrawn& withdrawn);
  /// Every reading, in order: tells which keys were installed for because of their fault.
  void see(const KeyReading& reading);

  /// Null: the key does not work. An installed license also makes up for a genuine key that carries
  /// none (`unprovisioned`), and for no other fault.
  const LicenseSummary* license_for(const KeyReading& reading) const;
  LicenseHolding holding(const KeyReading& reading) const;
  std::vector<KeptLicense> all() const;

 private:
  void consider(const LicenseImported& imported);
  const LicenseSummary* newest(std::string_view key_id) const;
  bool is_to_write(const KeyReading& reading, const LicenseSummary& kept) const;

  struct Entry {
    const Fact* fact;
    const LicenseImported* imported;  // null: deleted or withdrawn
  };
  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, std::size_t> files_;   // by document: where in entries_
  std::map<std::string_view, const LicenseSummary*> newest_;  // by key ID
  std::set<std::string_view> withdrawn_;                      // documents
  std::set<std::string_view> bad_license_;  // keys whose latest reading found a license in fault
  std::set<std::string_view> to_mend_;      // of those, the ones that a license was installed for
};

}  // namespace latchkey
