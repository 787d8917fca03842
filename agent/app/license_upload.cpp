#include "agent/app/license_upload.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "core/base/sha256.h"

namespace latchkey {
namespace {

/// Threads for so many documents: on every processor, but not more than they are worth.
std::size_t workers(std::size_t documents) {
  constexpr std::size_t kWorthAThread = 16, kMost = 4;
  return std::min(
      {std::size_t{std::thread::hardware_concurrency()}, documents / kWorthAThread, kMost});
}

void verify(UploadedDocument& document, const TrustStore& trust) {
  auto verified = trust.verify_license(document.packaged.envelope);
  if (verified)
    document.license = std::move(*verified);
  else
    document.refusal = std::move(verified).error();
}

}  // namespace

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
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto at = next++; at < documents.size() && !stop.stop_requested(); at = next++)
      if (!documents[at].refusal) verify(documents[at], trust);
  };
  std::vector<std::jthread> helpers;
  for (auto count = workers(documents.size()); count > 1; --count) helpers.emplace_back(work);
  work();
}

}  // namespace latchkey
