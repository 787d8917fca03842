#include "agent/app/install_answer.h"

#include "agent/api/answer.h"

namespace latchkey {
namespace {

using Json = nlohmann::json;

/// One that could not be read at all failed as a whole.
std::size_t entries_of(const UploadedDocument& document) {
  return document.license ? document.license->document.entries.size() : 1;
}

Json storage_json(const std::optional<KeyStorage>& storage, const NodeNames& names) {
  if (!storage) return nullptr;
  return {{"state", storage->state},
          {"node", storage->node},
          {"node_name", name_of(storage->node, names)},
          {"message", storage->message}};
}

std::string_view result_of(const UploadedDocument& document) {
  if (document.refusal) return "refused";
  return document.in_force ? "in-force" : "installed";
}

Json document_json(const InstallReport& report, std::size_t at) {
  const auto& uploaded = report.documents[at];
  Json out{{"name", uploaded.packaged.name},
           {"document", uploaded.hash},
           {"id", ""},
           {"key", ""},
           {"result", result_of(uploaded)},
           {"used", report.used[at]},
           {"key_storage", storage_json(report.storage[at], report.names)},
           {"entries", Json::array()}};
  if (uploaded.license) {
    const auto& document = uploaded.license->document;
    out["id"] = document.id;
    out["key"] = bound_key(document);
    out["customer"] = document.customer;
    out["issued"] = format_time(document.issued);
    out["entries"] = entries_json(document, report.catalog, report.now);
  }
  if (uploaded.repair) out["time_repair"] = uploaded.repair->id;
  if (uploaded.bundle) out["trust_version"] = *uploaded.bundle;
  if (uploaded.refusal) {
    out["code"] = uploaded.refusal->code;
    out["message"] = uploaded.refusal->message;
    out["cure"] = uploaded.refusal->cure;
  }
  return out;
}

}  // namespace

net::Response install_answer(const InstallReport& report) {
  const auto& documents = report.documents;
  std::size_t succeeded = 0, failed = 0;
  Json list = Json::array();
  const Error* first = nullptr;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto& refusal = documents[i].refusal;
    (refusal ? failed : succeeded) += entries_of(documents[i]);
    if (refusal && !first) first = &*refusal;
    list.push_back(document_json(report, i));
  }
  Json body{{"succeeded", succeeded}, {"failed", failed}, {"documents", std::move(list)}};
  if (succeeded == 0 && first) return net::problem(http_status(*first), *first, body);
  body["batch"] = report.batch;
  body["nodes"] = report.nodes;
  return json_answer(body);
}

}  // namespace latchkey
