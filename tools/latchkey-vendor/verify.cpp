#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/license/envelope.h"
#include "tools/latchkey-vendor/documents.h"
#include "tools/latchkey-vendor/key_files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

using nlohmann::json;

struct Options {
  std::string file;
  TrustOptions trust;
  bool json = false;
};

json about(const VerifiedLicense& license) {
  const auto& document = license.document;
  json out{{"license", document.id},
           {"issuer", document.issuer},
           {"issued", format_time(document.issued)},
           {"document", license.hash}};
  if (const auto* binding = std::get_if<KeyBinding>(&document.binding))
    out["key_id"] = binding->key_id;
  else
    out["deployment"] = std::get<DeploymentBinding>(document.binding).deployment;
  return out;
}

json about(const TimeRepair& repair) {
  return {{"time_repair", repair.id},
          {"issuer", repair.issuer},
          {"deployment", repair.deployment},
          {"time", format_time(repair.time)},
          {"until", format_time(repair.until)}};
}

/// What the document turned out to be; a trust bundle is in force from then on.
Result<json> examine(const PackagedDocument& document, TrustStore& trust) {
  if (document.type == kTimeRepairType) {
    LK_TRY(const auto repair, trust.verify_time_repair(document.envelope));
    return about(repair);
  }
  if (document.type != kTrustType) {
    LK_TRY(const auto license, trust.verify_license(document.envelope));
    return about(license);
  }
  LK_CHECK(trust.accept(document.envelope));
  return json{{"trust_bundle", trust.version()}};
}

void print(const json& found, std::ostream& out) {
  for (const auto& item : found.items())
    out << item.key() << ": " << item.value().dump(-1, ' ', true) << '\n';
}

json as_json(const Result<json>& found) {
  auto out = found.value_or(json::object());
  out["verified"] = found.has_value();
  if (!found) out["code"] = found.error().code;
  return out;
}

Result<void> verify_one(const PackagedDocument& document, TrustStore& trust, bool as_line,
                        std::ostream& out) {
  const auto found = examine(document, trust);
  if (as_line) out << as_json(found).dump(-1, ' ', true) << '\n';
  if (!found) return at_the_vendor(found.error());
  if (!as_line) print(*found, out);
  return {};
}

/// All of a package are looked at, trust bundles first, as an agent does.
Result<void> verify_package(std::vector<PackagedDocument> documents, TrustStore& trust,
                            bool as_line, std::ostream& out) {
  // Not std::ranges: clang 14 does not compile the subrange of libstdc++ 12.
  std::stable_partition(documents.begin(), documents.end(),
                        [](const auto& one) { return one.type == kTrustType; });
  auto all = json::array();
  std::size_t failed = 0;
  for (const auto& document : documents) {
    const auto found = examine(document, trust);
    if (!found) ++failed;
    if (!as_line)
      out << document.name << ": "
          << (found ? "verified" : found.error().code + ": " + found.error().message) << '\n';
    all.push_back(as_json(found));
    all.back()["name"] = document.name;
  }
  const json summary{{"verified", failed == 0}, {"documents", std::move(all)}};
  if (as_line) out << summary.dump(-1, ' ', true) << '\n';
  if (failed == 0) return {};
  return fail("not-verified",
              std::to_string(failed) + " of " + std::to_string(documents.size()) +
                  " documents would not be believed.",
              "See the reason of each.");
}

Result<void> verify(const Options& options, Session& session) {
  LK_TRY(auto documents, read_documents(options.file));
  LK_TRY(auto trust, open_trust(options.trust));
  if (documents.size() > 1)
    return verify_package(std::move(documents), trust, options.json, session.out);
  return verify_one(documents.front(), trust, options.json, session.out);
}

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("verify", "verify licenses and trust bundles as an agent would");
  auto& options = on_chosen<Options>(*verb, session, verify);
  verb->add_option("file", options.file, "document or package")->required()->type_name("FILE");
  add_trust(*verb, options.trust, false);
  verb->add_flag("--json", options.json, "one line of JSON");
}

}  // namespace latchkey::vendor
