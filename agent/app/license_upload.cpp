#include "agent/app/license_upload.h"

#include "core/base/sha256.h"

namespace latchkey {

Result<UploadedDocuments> open_upload(ByteView upload) {
  LK_TRY(auto packaged, unpack(upload));
  UploadedDocuments out;
  out.reserve(packaged.size());
  for (auto& document : packaged) {
    auto hash = content_hash(document.envelope);
    out.push_back({std::move(document), std::move(hash), {}, {}});
  }
  return out;
}

void verify_licenses(UploadedDocuments& documents, const TrustStore& trust,
                     const std::stop_token& stop) {
  for (auto& document : documents) {
    if (stop.stop_requested()) return;
    if (document.refusal) continue;
    auto verified = trust.verify_license(document.packaged.envelope);
    if (verified)
      document.license = std::move(*verified);
    else
      document.refusal = std::move(verified).error();
  }
}

}  // namespace latchkey
