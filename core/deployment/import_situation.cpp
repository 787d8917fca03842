#include "core/deployment/import_situation.h"

#include "core/deployment/environment.h"
#include "core/deployment/inserted_keys.h"

namespace latchkey {
namespace {

bool is_base_now(const LicenseDocument* document, Time now) {
  return document != nullptr && has_valid_base(*document, now);
}

/// SPEC LIC-1: the key in use, or a buffer that runs.
void add_key_base(const Decision& decision, const FindLicense& find, ImportSituation& out) {
  if (decision.license && is_base_now(find(decision.license->document), decision.at))
    out.base_keys.insert(decision.key_id);
  const auto& buffer = decision.buffer;
  if (buffer && decision.at < buffer->until &&
      is_base_now(find(buffer->license.document), decision.at))
    out.base_keys.insert(buffer->key_id);
}

bool is_file(const KeptLicense& kept) { return kept.key_id.empty(); }

void add_files(const Decision& decision, const FindLicense& find, ImportSituation& out) {
  std::set<std::string> replaced;
  for (const auto& kept : decision.kept) {
    if (!is_file(kept)) continue;
    out.files.push_back({kept.license.id, kept.license.issued, {}});
    const auto* document = find(kept.license.document);
    if (document == nullptr) continue;
    out.files.back().supersedes = document->supersedes;
    replaced.insert(document->supersedes.begin(), document->supersedes.end());
    const auto* binding = std::get_if<DeploymentBinding>(&document->binding);
    if (binding && has_valid_base(*document, decision.at) && out.misfit(*binding).empty())
      out.base_files.insert(document->id);
  }
  for (const auto& id : replaced) out.base_files.erase(id);
}

}  // namespace

ImportSituation import_situation(const Decision& decision, const Catalog& catalog,
                                 const Premises& premises, const FindLicense& find) {
  const auto misfit = [&decision, premises](const DeploymentBinding& binding) {
    const auto fit = fit_environment(binding, premises.deployment, decision.factors);
    return fit.fits() ? std::string() : describe_misfit(fit, premises.names);
  };
  ImportSituation out{catalog, inserted_keys(decision), {}, {}, {}, misfit, decision.at};
  add_key_base(decision, find, out);
  add_files(decision, find, out);
  return out;
}

}  // namespace latchkey
