#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/license/package.h"
#include "core/license/trust_store.h"

namespace latchkey {

/// One document of an upload, on its way through the checks.
struct UploadedDocument {
  PackagedDocument packaged;
  std::string hash;                        ///< content hash of its envelope
  std::optional<VerifiedLicense> license;  ///< its signature holds
  std::optional<std::uint64_t> bundle;     ///< version of the trust bundle that it is
  bool in_force = false;                   ///< that bundle is in force already: nothing is to do
  std::optional<TimeRepair> repair;        ///< that it is; its signature holds
  std::optional<Error> refusal;            ///< why it is not installed; final
};

using UploadedDocuments = std::vector<UploadedDocument>;

// Both are long work for a worker thread: 10,000 signatures take more than a second.

/// Takes the upload apart. Error: `invalid-format`. Time repairs beyond kMaxTimeRepairs are refused
/// with the same code.
inline constexpr std::size_t kMaxTimeRepairs = 4;
Result<UploadedDocuments> open_upload(ByteView upload);
/// What `trust` becomes by the trust bundles of the upload, so that a license by a new issuer in
/// the same upload verifies (SPEC SEC-5). In any order: a bundle whose root another one names waits
/// for it; one that is in force stays so, that is no refusal. Refusals: TrustStore::accept()'s,
/// `invalid-format` beyond kMaxBundles.
inline constexpr std::size_t kMaxBundles = 16;
TrustStore accept_bundles(UploadedDocuments& documents, TrustStore trust);
/// Verifies every other document that is not refused yet, on several processors when there are
/// many; one that does not verify is refused with TrustStore::verify_license()'s or
/// verify_time_repair()'s error. Ends early when it is asked to stop.
void verify_documents(UploadedDocuments& documents, const TrustStore& trust,
                      const std::stop_token& stop);

}  // namespace latchkey
