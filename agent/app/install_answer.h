#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/app/license_json.h"
#include "agent/app/license_upload.h"
#include "agent/net/http.h"

namespace latchkey {

/// What became of an upload, in full: rendered away from the reactor, as it may be megabytes.
struct InstallReport {
  std::string batch;  ///< content hash of the upload
  UploadedDocuments documents;
  /// Of each document; without a value when it is bound to no key, or was refused.
  std::vector<std::optional<KeyStorage>> storage;
  std::vector<bool> used;  ///< of each document: it counts now
  nlohmann::json nodes;    ///< as Acknowledger::nodes(); null when nothing was installed
  Catalog catalog;
  NodeNames names;
  Time now;
};

/// 200 with the result of each document and the number of entries that succeeded and failed (SPEC
/// LIC-6); when all of them failed a problem document with the first one's code.
net::Response install_answer(const InstallReport& report);

}  // namespace latchkey
