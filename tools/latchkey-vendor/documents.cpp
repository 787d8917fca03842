#include "tools/latchkey-vendor/documents.h"

#include <algorithm>

#include "core/base/deflate.h"
#include "core/license/document.h"
#include "core/license/envelope.h"
#include "core/license/tar_writer.h"
#include "core/license/time_repair.h"
#include "core/license/trust_bundle.h"
#include "tools/files/files.h"

namespace latchkey::vendor {
namespace {

/// An agent takes trust first, then time, whatever the order; a person who lists the package sees
/// why.
int rank(const PackagedDocument& document) {
  return document.type == kTrustType ? 0 : document.type == kTimeRepairType ? 1 : 2;
}

tl::unexpected<Error> about(const PackagedDocument& document, const std::string& message) {
  return fail("invalid-format", document.name + ": " + message,
              "Name licenses, trust bundles and time repairs, each once.");
}

Result<Bytes> tar_of(const std::vector<PackagedDocument>& documents) {
  std::vector<TarFile> files;
  for (const auto& document : documents) files.push_back({document.name, document.envelope});
  return write_tar(files, Time());
}

Result<void> give_names(std::vector<PackagedDocument>& documents) {
  for (auto& document : documents) {
    LK_TRY(document.name, name_in_package(document));
  }
  std::ranges::sort(documents, {},
                    [](const auto& document) { return std::tuple(rank(document), document.name); });
  const auto twice = std::ranges::adjacent_find(documents, {}, &PackagedDocument::name);
  if (twice != documents.end()) return about(*twice, "There are two of it.");
  return {};
}

}  // namespace

Result<std::vector<PackagedDocument>> read_documents(const std::string& path) {
  LK_TRY(const auto text, tool::read_file(path, kMaxUpload));
  auto out = unpack(as_bytes(text));
  if (!out) out.error().message = path + ": " + out.error().message;
  return out;
}

Result<Bytes> read_document(const std::string& path) {
  LK_TRY(auto documents, read_documents(path));
  if (documents.size() == 1) return std::move(documents.front().envelope);
  return fail("several-documents",
              path + " holds " + std::to_string(documents.size()) + " documents.",
              "Name a file with one.");
}

Result<std::string> name_in_package(const PackagedDocument& document) {
  const auto envelope = parse_envelope(document.envelope);
  if (!envelope) return about(document, envelope.error().message);
  if (envelope->payload_type == kLicenseType) {
    const auto license = parse_license(envelope->payload);
    if (!license) return about(document, license.error().message);
    return license->id + ".json";
  }
  if (envelope->payload_type == kTrustType) {
    const auto bundle = parse_trust_bundle(envelope->payload);
    if (!bundle) return about(document, bundle.error().message);
    return "trust-" + std::to_string(bundle->version) + ".json";
  }
  if (envelope->payload_type == kTimeRepairType) {
    const auto repair = parse_time_repair(envelope->payload);
    if (!repair) return about(document, repair.error().message);
    return "time-" + repair->id + ".json";
  }
  return about(document, "A package does not hold `" + envelope->payload_type + "`.");
}

Result<Bytes> make_package(std::vector<PackagedDocument> documents) {
  LK_CHECK(give_names(documents));
  LK_TRY(const auto tar, tar_of(documents));
  auto out = deflate(tar, Wrapper::gzip);
  LK_CHECK(unpack(out));  // never hand out what no agent takes
  return out;
}

bool is_package_name(std::string_view path) {
  return path.ends_with(".tar.gz") || path.ends_with(".tgz");
}

}  // namespace latchkey::vendor
