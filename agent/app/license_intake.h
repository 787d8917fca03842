#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/api/backend.h"
#include "agent/app/acknowledger.h"
#include "agent/app/install_answer.h"
#include "agent/app/license_documents.h"
#include "agent/app/license_writer.h"
#include "agent/app/read_settings.h"
#include "agent/reactor/work_thread.h"
#include "core/deployment/import_situation.h"

namespace latchkey {

/// Takes in what administrators upload (SPEC LIC-4…8): unpacked and verified on a worker thread,
/// judged against what is installed on the reactor, made durable in one transaction whose documents
/// take effect at once, answered document by document. Reactor thread only.
class LicenseIntake {
 public:
  /// As TimeDesk::use().
  using RepairTime = std::function<void(const TimeRepair& repair, Document document,
                                        const std::string& by, Backend::JsonDone done)>;
  struct Parts {
    const Clock& clock;
    NodeLog& log;
    std::shared_ptr<const ReadSettings> settings;
    const Catalog& catalog;  ///< a reload changes its content in place
    std::function<Premises()> premises;
    const LicenseWriter& writer;
    LicenseDocuments& documents;
    WorkThread& work;
    Acknowledger& acknowledger;
    std::string self;  ///< this node's id
    /// Of what was installed: it was just verified by this trust store.
    std::function<void(const std::string& document, const TrustStore* by)> installed;
    RepairTime repair_time;
  };
  explicit LicenseIntake(Parts parts) : parts_(std::move(parts)) {}

  /// What an upload may bring; the rest of it is refused, `invalid-format`.
  enum class Takes { everything, trust_bundles };

  /// A package or a text of core/license/package.h; in any order, trust bundles count first, then
  /// time repairs, then licenses. Refusals: check_imports()'s, verify_documents()'s,
  /// accept_bundles()'s and TimeDesk::use()'s of each document (SPEC LIC-5), `store-failed`.
  void install(const net::Caller& caller, const std::string& upload, Takes takes, net::Done done);

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;

  void open(const JobPtr& job);
  void verify(const JobPtr& job);
  void repair_time(const JobPtr& job);
  void judge(const JobPtr& job);
  void take_in(const Job& job);
  void wait(const JobPtr& job);
  bool settled(const Job& job, const Decision& decision, bool linked) const;
  void report(const JobPtr& job, const Acknowledger::Outcome& outcome);
  void render(const JobPtr& job);
  bool is_on_its_way(const std::string& bundle) const;
  static ImportRefused refusal(const Job& job, const Error& first);

  Parts parts_;
};

}  // namespace latchkey
