#include "tools/latchkey-vendor/catalog.h"

#include <algorithm>
#include <set>

#include "core/license/catalog.h"
#include "tools/files/files.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

struct Options {};

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text.append(text.empty() ? "" : ", ").append(part);
  return text;
}

Result<Catalog> open_catalog(const std::string& file) {
  if (file.empty()) return default_catalog();
  LK_TRY(const auto text, tool::read_file(file));
  auto catalog = parse_catalog(text, file);
  if (catalog) return *std::move(catalog);
  std::string problems = "This is no catalogue:";
  for (const auto& problem : catalog.error()) problems += "\n  " + to_string(problem);
  return fail("invalid-catalog", std::move(problems), "docs/catalog.md describes the file.");
}

template <class Value>
std::size_t widest(const Catalog::ById<Value>& things) {
  std::size_t width = 0;
  for (const auto& [id, thing] : things) width = std::max(width, id.size());
  return width;
}

std::string padded(std::string id, std::size_t width) {
  id.resize(width, ' ');
  return "  " + id + "  ";
}

std::string about(const LicenseObject& object) {
  auto text =
      object.name + " (" + std::string(to_string(object.kind)) + "): " + joined(object.units);
  if (!object.draws_on.empty()) text += "; draws on " + object.draws_on;
  if (!object.also.empty()) text += "; also " + joined(object.also);
  return text;
}

std::string about(const Edition& edition) {
  auto text = edition.name + ": " + edition.object;
  if (edition.days) text += ", " + std::to_string(*edition.days) + " days";
  if (edition.hosts) text += ", hosts: " + std::to_string(*edition.hosts);
  if (!edition.after_sales) text += ", no after-sales service";
  if (!edition.includes.empty()) text += "; includes " + joined(edition.includes);
  return text;
}

template <class Value>
void print(std::ostream& out, const char* title, const Catalog::ById<Value>& things) {
  out << title << '\n';
  const auto width = widest(things);
  for (const auto& [id, thing] : things) out << padded(id, width) << about(thing) << '\n';
}

Result<void> show(const Options&, Session& session) {
  LK_TRY(const auto catalog, open_catalog(session.catalog));
  print(session.out, "objects", catalog.objects);
  print(session.out, "editions", catalog.editions);
  return {};
}

}  // namespace

Result<void> warn_of_unknown(std::span<const LicenseDocument> documents, Session& session) {
  LK_TRY(const auto catalog, open_catalog(session.catalog));
  std::set<std::string> unknown;
  for (const auto& document : documents)
    for (auto& part : unknown_in(catalog, document.entries)) unknown.insert(std::move(part));
  for (const auto& part : unknown)
    session.err << "latchkey-vendor: warning: the catalogue does not have " << part
                << "; an agent with the same one refuses such a license (see --catalog)\n";
  return {};
}

void add_catalog(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand("catalog", "show what can be licensed, or what is wrong with it");
  on_chosen<Options>(*verb, session, show);
}

}  // namespace latchkey::vendor
