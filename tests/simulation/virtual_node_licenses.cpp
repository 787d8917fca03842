#include <algorithm>
#include <utility>

#include "agent/app/license_json.h"
#include "core/deployment/deletable.h"
#include "tests/simulation/virtual_node.h"
#include "tests/simulation/virtual_node_life.h"

// What LicenseIntake, LicenseDesk, TrustDesk and RevocationReview do, without threads and sockets.
namespace latchkey::simulation {
namespace {

constexpr char kAdministrator[] = "root", kMethod[] = "file";

}  // namespace

Factors VirtualNode::factors() const {
  return {{std::string(kMachineIdFactor), std::string(64, id_.front())}};
}

std::shared_ptr<const StoredLicense> VirtualNode::find(const std::string& hash) const {
  return life_->documents.find(log().facts(), hash);
}

Entitlements VirtualNode::entitlements(const Decision& decision) const {
  return entitle(decision, {default_catalog(), kDeployment, {}, [this](const std::string& hash) {
                              return find(hash);
                            }});
}

UploadedDocuments VirtualNode::open(const std::string& upload) const {
  auto documents = open_upload(as_bytes(upload)).value();
  if (vendor_.signs()) {
    verify_documents(documents, accept_bundles(documents, life_->trust.trust()), {});
    return documents;
  }
  for (auto& document : documents)
    document.license = Vendor::vouch(document.packaged.envelope).value();
  return documents;
}

UploadedDocuments VirtualNode::install(const std::string& upload, std::function<void()> done) {
  auto documents = open(upload);
  std::vector<UploadedDocument*> judged;
  std::vector<const VerifiedLicense*> licenses;
  for (auto& document : documents) {
    if (!document.license) continue;
    judged.push_back(&document);
    licenses.push_back(&*document.license);
  }
  const auto decision = decide();
  const auto find_document = [this](const std::string& hash) {
    const auto stored = find(hash);
    return stored ? &stored->document : nullptr;
  };
  const auto outcomes = check_imports(
      licenses, import_situation(decision, default_catalog(), {kDeployment, {}}, find_document));
  for (std::size_t i = 0; i < judged.size(); ++i)
    if (!outcomes[i]) judged[i]->refusal = outcomes[i].error();
  take_in(documents);
  if (std::ranges::any_of(documents, [](const auto& one) { return !one.refusal; }))
    log().when_durable(std::move(done));
  return documents;
}

void VirtualNode::take_in(const UploadedDocuments& documents) {
  std::vector<Document> accepted;
  for (const auto& document : documents)
    if (!document.refusal) accepted.push_back({document.hash, document.packaged.envelope});
  log().witness(
      [&](Witness& w, Time now) {
        for (const auto& document : documents) {
          if (document.refusal) continue;
          if (document.bundle)
            w.trust_installed(now, {*document.bundle, document.hash, kAdministrator});
          else
            w.license_imported(now, {bound_key(document.license->document),
                                     summarise(document.license->document, document.hash),
                                     kAdministrator, kMethod});
        }
      },
      std::move(accepted));
  for (const auto& document : documents)
    if (document.license && !document.refusal)
      life_->documents.put(document.hash, document.license->document);
}

Result<void> VirtualNode::remove(const std::string& id, std::function<void()> done) {
  LK_TRY(auto deleted, deletable(decide(), id, [this](const std::string& hash) {
           const auto stored = find(hash);
           return stored ? &stored->document : nullptr;
         }));
  deleted.by = kAdministrator;
  log().witness([&](Witness& w, Time now) { w.license_deleted(now, deleted); });
  log().when_durable(std::move(done));
  return {};
}

/// SPEC SEC-5: bundles that became durable here come into force, and what they revoke goes.
void VirtualNode::mind_trust(const Decision& decision) {
  if (!vendor_.signs()) return;
  auto& life = *life_;
  const auto& entries = log().facts().entries();
  for (; life.looked_at < entries.size(); ++life.looked_at) {
    const auto* installed = std::get_if<TrustInstalled>(&entries[life.looked_at].stored.fact.body);
    const auto* bundle = installed ? log().facts().document(installed->document) : nullptr;
    if (bundle != nullptr && life.trust.offer(*bundle)) life.judged.clear();
  }
  for (const auto& kept : decision.kept) {
    const auto* envelope = log().facts().document(kept.license.document);
    if (envelope == nullptr || !life.judged.insert(kept.license.document).second) continue;
    const auto verdict = life.trust.trust().verify_license(*envelope);
    if (verdict || verdict.error().code != "revoked") continue;
    log().witness([&](Witness& w, Time now) {
      w.license_withdrawn(now, {kept.key_id, kept.license.document, kept.license.id, "revoked"});
    });
  }
}

}  // namespace latchkey::simulation
