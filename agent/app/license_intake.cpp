#include "agent/app/license_intake.h"

#include <algorithm>
#include <utility>

#include "agent/api/answer.h"
#include "agent/telemetry/log.h"
#include "agent/telemetry/names.h"
#include "core/base/sha256.h"

namespace latchkey {
namespace {

namespace names = log::names;

constexpr char kMethod[] = "file";  // SPEC REC-1

Error no_bundle() {
  return {"invalid-format", "This is no trust bundle.",
          "Choose the right file; licenses are installed with `latchkey license install`."};
}

void refuse_all_but_bundles(UploadedDocuments& documents) {
  for (auto& document : documents)
    if (document.packaged.type != kTrustType) document.refusal = no_bundle();
}

/// Null: bound to no key, or no license.
const KeyBinding* key_of(const UploadedDocument& document) {
  if (!document.license) return nullptr;
  return std::get_if<KeyBinding>(&document.license->document.binding);
}

bool is_used(const UploadedDocument& document, const Decision& decision) {
  if (document.bundle || document.repair) return true;
  if (!key_of(document)) return usable(summarise(document.license->document, ""), decision.at);
  return std::ranges::any_of(decision.keys, [&](const PluggedKey& key) {
    return key.holding.license && key.holding.license->document == document.hash;
  });
}

/// One line, however many there are.
void log_installed(const UploadedDocuments& documents, const std::string& batch,
                   const std::string& by) {
  const UploadedDocument* first = nullptr;
  std::size_t count = 0;
  for (const auto& document : documents)
    if (document.license && !document.refusal && count++ == 0) first = &document;
  if (first == nullptr) return;
  const auto& license = first->license->document;
  log::info(names::kLicenseInstalled, {{"id", license.id},
                                       {"key", bound_key(license)},
                                       {"document", first->hash},
                                       {"documents", std::to_string(count)},
                                       {"batch", batch},
                                       {"by", by}});
}

LicenseImported imported(const UploadedDocument& document, const std::string& by,
                         const std::string& batch) {
  const auto& license = document.license->document;
  return {bound_key(license), summarise(license, document.hash), by, kMethod, batch};
}

}  // namespace

/// One upload and what is known of it so far.
struct LicenseIntake::Job {
  std::string by;
  std::string bytes;  ///< until it is taken apart
  std::string batch;  ///< content hash of them
  Takes takes = Takes::everything;
  net::Done done;
  Result<UploadedDocuments> upload;
  std::shared_ptr<const TrustStore> trust;  ///< that it was verified by
  std::size_t repairs_from = 0;             ///< time repairs before this document were used
  InstallReport report;
  net::Response answer;

  auto& documents() { return *upload; }
  const auto& documents() const { return *upload; }
};

void LicenseIntake::install(const net::Caller& caller, const std::string& upload, Takes takes,
                            net::Done done) {
  const auto job = std::make_shared<Job>();
  job->by = caller.name;
  job->bytes = upload;
  job->takes = takes;
  job->done = std::move(done);
  open(job);
}

void LicenseIntake::open(const JobPtr& job) {
  const auto work = [job](const std::stop_token&) {
    const auto bytes = std::exchange(job->bytes, {});
    job->batch = content_hash(as_bytes(bytes));
    job->upload = open_upload(as_bytes(bytes));
    if (job->upload && job->takes == Takes::trust_bundles) refuse_all_but_bundles(*job->upload);
  };
  parts_.work.run(work, [this, job] {
    if (job->upload) return verify(job);
    const auto& error = job->upload.error();
    const auto refused = refusal(*job, error);
    parts_.log.witness([&](Witness& w, Time now) { w.import_refused(now, refused); });
    job->done(error_answer(error));
  });
}

void LicenseIntake::verify(const JobPtr& job) {
  job->trust = parts_.settings->get().first;
  parts_.work.run(
      [job](const std::stop_token& stop) {
        verify_documents(*job->upload, accept_bundles(*job->upload, *job->trust), stop);
      },
      [this, job] { repair_time(job); });
}

/// One after the other; what follows is judged in the right time.
void LicenseIntake::repair_time(const JobPtr& job) {
  auto& documents = job->documents();
  auto& at = job->repairs_from;
  while (at < documents.size() && (!documents[at].repair || documents[at].refusal)) ++at;
  if (at == documents.size()) return judge(job);
  auto& document = documents[at++];
  parts_.repair_time(*document.repair, {document.hash, document.packaged.envelope}, job->by,
                     [this, job, &document](const Result<nlohmann::json>& outcome) {
                       if (!outcome) document.refusal = outcome.error();
                       repair_time(job);
                     });
}

void LicenseIntake::judge(const JobPtr& job) {
  // What another trust bundle says since is asked for again, so that nothing slips in behind it.
  if (job->trust != parts_.settings->get().first) return verify(job);
  const auto decision = parts_.log.decide(parts_.clock.now());
  std::vector<UploadedDocument*> judged;
  std::vector<const VerifiedLicense*> licenses;
  for (auto& document : job->documents()) {
    if (document.bundle && is_on_its_way(document.hash)) document.in_force = true;
    if (document.refusal || !document.license) continue;
    judged.push_back(&document);
    licenses.push_back(&*document.license);
  }
  const auto find = [this](const std::string& hash) {
    const auto stored = parts_.documents.find(parts_.log.facts(), hash);
    return stored ? &stored->document : nullptr;
  };
  auto outcomes =
      check_imports(licenses, import_situation(decision, parts_.catalog, parts_.premises(), find));
  for (std::size_t i = 0; i < judged.size(); ++i)
    if (!outcomes[i]) judged[i]->refusal = std::move(outcomes[i]).error();
  take_in(*job);
  wait(job);
}

/// Witnessed before: as soon as the disk has taken it, it is in force.
bool LicenseIntake::is_on_its_way(const std::string& bundle) const {
  return std::ranges::any_of(parts_.log.view().facts(), [&](const Fact& fact) {
    const auto* installed = std::get_if<TrustInstalled>(&fact.body);
    return installed != nullptr && installed->document == bundle;
  });
}

/// Facts and documents share one transaction (SPEC LIC-7).
void LicenseIntake::take_in(const Job& job) {
  std::vector<Document> documents;
  for (const auto& document : job.documents())
    if (!document.refusal && !document.in_force)
      documents.push_back({document.hash, document.packaged.envelope});
  const auto refused = std::ranges::find_if(
      job.documents(), [](const auto& document) { return document.refusal.has_value(); });
  parts_.log.witness(
      [&](Witness& w, Time now) {
        if (refused != job.documents().end())
          w.import_refused(now, refusal(job, *refused->refusal));
        for (const auto& document : job.documents())
          if (document.bundle && !document.in_force)
            w.trust_installed(now, {*document.bundle, document.hash, job.by});
        for (const auto& document : job.documents())
          if (document.license && !document.refusal)
            w.license_imported(now, imported(document, job.by, job.batch));
      },
      std::move(documents));
  for (const auto& document : job.documents()) {
    if (document.refusal || !document.license) continue;
    parts_.installed(document.hash, job.trust.get());
    parts_.documents.put(document.hash, document.license->document);
  }
}

/// SPEC REC-1: one record for an upload, with the first reason.
ImportRefused LicenseIntake::refusal(const Job& job, const Error& first) {
  log::warning(names::kLicenseRefused,
               {{"code", first.code}, {"detail", first.message}, {"by", job.by}});
  return {first.code, first.message, job.by, kMethod, job.batch};
}

void LicenseIntake::wait(const JobPtr& job) {
  const auto& documents = job->documents();
  if (std::ranges::all_of(documents, [](const auto& one) { return one.refusal.has_value(); }))
    return report(job, {});
  const auto settled_now = [this, job](const Decision& decision, bool linked) {
    return settled(*job, decision, linked);
  };
  const auto durable = [job] { log_installed(job->documents(), job->batch, job->by); };
  parts_.acknowledger.wait(settled_now, durable, [this, job](const auto& outcome) {
    if (outcome.durable) return report(job, outcome);
    job->done(error_answer(Acknowledger::not_durable("what was uploaded").value()));
  });
}

bool LicenseIntake::settled(const Job& job, const Decision& decision, bool linked) const {
  const auto names = parts_.premises().names;
  return std::ranges::all_of(job.documents(), [&](const UploadedDocument& document) {
    if (document.refusal || !key_of(document)) return true;
    const auto storage = key_storage(decision, key_of(document)->key_id, document.hash, parts_.self,
                                     parts_.writer, names);
    return storage.settled() || (!linked && storage.node != parts_.self);
  });
}

void LicenseIntake::report(const JobPtr& job, const Acknowledger::Outcome& outcome) {
  auto& report = job->report;
  report.names = parts_.premises().names;
  report.catalog = parts_.catalog;
  report.now = outcome.decision ? outcome.decision->at : parts_.clock.now();
  if (outcome.decision) report.nodes = parts_.acknowledger.nodes(outcome, report.names);
  for (const auto& document : job->documents()) {
    const bool installed = outcome.decision && !document.refusal;
    const auto* key = installed ? key_of(document) : nullptr;
    report.used.push_back(installed && is_used(document, *outcome.decision));
    report.storage.push_back(
        key ? std::optional(key_storage(*outcome.decision, key->key_id, document.hash, parts_.self,
                                        parts_.writer, report.names))
            : std::nullopt);
  }
  render(job);
}

void LicenseIntake::render(const JobPtr& job) {
  job->report.batch = job->batch;
  job->report.documents = std::move(job->documents());
  parts_.work.run([job](const std::stop_token&) { job->answer = install_answer(job->report); },
                  [job] { job->done(std::move(job->answer)); });
}

}  // namespace latchkey
