#include "agent/app/license_upload.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "core/base/sha256.h"

namespace latchkey {
namespace {

/// Threads for so many documents: on every processor, but not more than they are worth.
std::size_t workers(std::size_t documents) {
  constexpr std::size_t kWorthAThread = 16, kMost = 4;
  return std::min(
      {std::size_t{std::thread::hardware_concurrency()}, documents / kWorthAThread, kMost});
}

template <class Verified>
void keep(Result<Verified> verified, std::optional<Verified>& place, UploadedDocument& document) {
  if (verified)
    place = std::move(*verified);
  else
    document.refusal = std::move(verified).error();
}

void verify(UploadedDocument& document, const TrustStore& trust) {
  auto& packaged = document.packaged;
  if (packaged.type == kTimeRepairType)
    keep(trust.verify_time_repair(packaged.envelope), document.repair, document);
  else
    keep(packaged.parsed ? trust.verify_license(*packaged.parsed, document.hash)
                         : trust.verify_license(packaged.envelope),
         document.license, document);
  packaged.parsed.reset();  // its bytes are all that is needed from here on
}

Error too_many_repairs() {
  return {"invalid-format", "The upload has more time repairs than one takes.",
          "Install the newest one by itself (`latchkey time repair`)."};
}

/// Looked at before a newer one of the same upload makes it old.
bool is_in_force(const UploadedDocument& document, TrustStore trust) {
  const auto outcome = trust.accept(document.packaged.envelope);
  return !outcome && outcome.error().code == "already-imported";
}

Error too_many_bundles() {
  return {"invalid-format", "The upload has more trust bundles than one takes.",
          "Install them by themselves, the oldest one first (`latchkey trust install`)."};
}

}  // namespace

Result<UploadedDocuments> open_upload(ByteView upload) {
  LK_TRY(auto packaged, unpack(upload));
  UploadedDocuments out;
  out.reserve(packaged.size());
  std::size_t repairs = 0;
  for (auto& document : packaged) {
    auto hash = content_hash(document.envelope);
    out.push_back({std::move(document), std::move(hash), {}, {}, false, {}, {}});
    if (out.back().packaged.type == kTimeRepairType && ++repairs > kMaxTimeRepairs)
      out.back().refusal = too_many_repairs();
  }
  return out;
}

TrustStore accept_bundles(UploadedDocuments& documents, TrustStore trust) {
  std::vector<UploadedDocument*> bundles;
  for (auto& document : documents) {
    if (document.packaged.type != kTrustType || document.refusal) continue;
    document.in_force = is_in_force(document, trust);
    document.bundle = document.in_force ? std::optional(trust.version()) : std::nullopt;
    bundles.push_back(&document);
    if (bundles.size() > kMaxBundles) document.refusal = too_many_bundles();
  }
  bundles.resize(std::min(bundles.size(), kMaxBundles));
  for (bool news = true; std::exchange(news, false);)
    for (auto* document : bundles) {
      if (document->bundle) continue;
      const auto outcome = trust.accept(document->packaged.envelope);
      document->refusal = outcome ? std::nullopt : std::optional(outcome.error());
      if (!outcome) continue;
      document->bundle = trust.version();
      news = true;
    }
  return trust;
}

void verify_documents(UploadedDocuments& documents, const TrustStore& trust,
                      const std::stop_token& stop) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto at = next++; at < documents.size() && !stop.stop_requested(); at = next++)
      if (auto& document = documents[at]; !document.refusal && !document.bundle && !document.repair)
        verify(document, trust);
  };
  std::vector<std::jthread> helpers;
  for (auto count = workers(documents.size()); count > 1; --count) helpers.emplace_back(work);
  work();
}

}  // namespace latchkey
