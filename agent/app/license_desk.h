#pragma once

#include <memory>

#include "agent/api/backend.h"
#include "agent/app/acknowledger.h"
#include "agent/app/license_documents.h"
#include "agent/app/license_intake.h"
#include "agent/app/license_json.h"
#include "agent/app/license_writer.h"
#include "agent/app/revocation_review.h"

namespace latchkey {

/// Installs, lists and deletes licenses (SPEC LIC-2, LIC-4…8, LIC-10, LIC-13), and brings what is
/// kept for a key onto it. Reactor thread only.
class LicenseDesk {
 public:
  using JsonDone = Backend::JsonDone;
  struct Parts {
    Reactor& reactor;
    const Clock& clock;
    NodeLog& log;
    KeyDesk& keys;
    const PeerLink& link;
    std::shared_ptr<const ReadSettings> settings;
    const Catalog& catalog;  ///< a reload changes its content in place
    std::function<Premises()> premises;
    LicenseDocuments& documents;
    LicenseIntake::RepairTime repair_time;
  };
  /// `self`: this node's id. References outlive the desk.
  LicenseDesk(Parts parts, std::string self, KeyWriter write, Patience patience = {});

  /// As LicenseIntake::install().
  void install(const net::Caller& caller, const std::string& upload, LicenseIntake::Takes takes,
               net::Done done) {
    intake_.install(caller, upload, takes, std::move(done));
  }
  /// Deletes the file license with this id. Errors: deletable()'s (SPEC LIC-2), `store-failed`.
  void remove(const net::Caller& caller, const std::string& id, JsonDone done);
  /// Body of GET /v1/licenses.
  void list(const LicenseQuery& query, const net::Done& done);
  /// As license_records_page().
  void records(const RecordQuery& query, JsonDone done);

  /// The published state is `decision`: withdraws what was revoked since, writes what keys lack,
  /// answers who waits.
  void published(const Decision& decision);
  void peer_has(const ChainHeads& theirs) { acknowledger_.peer_has(theirs); }
  void rescan() { writer_.rescan(); }

 private:
  const LicenseDocument* find(const std::string& hash) const;
  std::shared_ptr<LicenseView> view();
  void add(LicenseView& view, const std::string& hash);

  Parts parts_;
  const std::string self_;
  Acknowledger acknowledger_;
  LicenseWriter writer_;
  WorkThread work_;
  RevocationReview review_;
  LicenseIntake intake_;
};

}  // namespace latchkey
