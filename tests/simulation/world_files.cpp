#include <algorithm>

#include "tests/simulation/world.h"

// What administrators and the vendor do with file licenses (SPEC LIC-1…6) and trust bundles
// (SEC-5).
namespace latchkey::simulation {
namespace {

struct Module {
  const char* object;
  const char* unit;
};
constexpr Module kModules[] = {{"tenant", "deployment"}, {"disaster-recovery", "vm"}};

bool is_base(const LicenseDocument& document) {
  return document.entries.front().kind == EntryKind::base;
}

}  // namespace

/// All file licenses are for the deployment as it stands.
LicenseDocument World::draft() {
  LicenseDocument document;
  document.id = "F-" + std::to_string(++drafts_);
  document.issued = now_;
  DeploymentBinding binding{kDeployment, {}, 1};
  for (const auto& node : nodes_) binding.nodes.push_back({node->id(), node->factors()});
  document.binding = std::move(binding);
  return document;
}

ValidityWindow World::some_validity() {
  const Duration runs[] = {5 * kDay, 40 * kDay, 400 * kDay, 4000 * kDay};
  return {now_ - kDay, now_ + runs[pick(4)]};
}

std::uint64_t World::some_quantity() { return static_cast<std::uint64_t>(1 + pick(20)); }

/// An extension that begins later comes with it; now and then it replaces an earlier one.
Issued World::issue_base() {
  auto document = draft();
  document.entries = {{"kvm", "cpu-socket", some_quantity(), EntryKind::base, some_validity(), {}},
                      {"kvm",
                       "cpu-socket",
                       some_quantity(),
                       EntryKind::base,
                       {now_ + 20 * kDay, now_ + 50 * kDay},
                       {}}};
  const auto papers = papers_.all();
  if (!papers.empty() && pick(3) == 0) {
    const auto* old = papers[static_cast<std::size_t>(pick(static_cast<int>(papers.size())))];
    if (is_base(old->document)) document.supersedes = {old->document.id};
  }
  return keep_paper(std::move(document));
}

Issued World::issue_module(bool over) {
  const auto& module = kModules[pick(2)];
  auto document = draft();
  const auto validity = over ? ValidityWindow{now_ - 9 * kDay, now_ - 2 * kDay} : some_validity();
  document.entries = {
      {module.object, module.unit, some_quantity(), EntryKind::module, validity, {}}};
  return keep_paper(std::move(document));
}

Issued World::keep_paper(LicenseDocument document) {
  const auto license = vendor_.issue(std::move(document));
  issued_.emplace(license.hash, license);
  papers_.add(license);
  return license;
}

std::vector<Issued> World::some_package() {
  switch (pick(5)) {
    case 0:
      return {issue_base()};
    case 1:
      return {issue_module(false)};
    case 2:
      return {issue_module(false), issue_base()};
    case 3:
      return {issue_module(false), issue_module(true), issue_module(false)};
    default:
      break;
  }
  const auto papers = papers_.all();
  if (papers.empty()) return {issue_base()};
  return {*papers[static_cast<std::size_t>(pick(static_cast<int>(papers.size())))]};
}

void World::install_files(VirtualNode& node) {
  if (!node.running()) return;
  const auto package = some_package();
  std::string upload, names;
  for (const auto& license : package) {
    upload.append(license.envelope.begin(), license.envelope.end());
    names += " " + license.document.id;
  }
  const bool sane = times_are_right() && !node.disk.full;
  const auto before = node.decide();
  const auto accepted = std::make_shared<std::vector<std::string>>();
  const auto documents = node.install(upload, [this, at = now_, sane, accepted] {
    for (const auto& hash : *accepted)
      papers_.told(hash, at, sane ? Papers::Word::installed : Papers::Word::unknown);
  });
  for (const auto& document : documents) {
    names += document.refusal ? ", " + document.refusal->code : ", taken";
    if (document.refusal) continue;
    accepted->push_back(document.hash);
    papers_.asked(document.hash, now_);
  }
  tell(node, "install" + names);
  if (sane && complaint_.empty()) complaint_ = judge_package(before, package, documents);
}

/// SPEC LIC-1, LIC-4, LIC-6: each document by itself, a base in the package before its modules.
std::string World::judge_package(const Decision& before, const std::vector<Issued>& package,
                                 const UploadedDocuments& documents) const {
  bool base = pools_of(before).usable();
  for (const auto& one : package) base = base || is_base(one.document);
  for (std::size_t i = 0; i < package.size(); ++i) {
    const auto& document = package[i].document;
    const auto& refusal = documents[i].refusal;
    const auto said = refusal ? refusal->code : "taken";
    const bool old = document.issued != now_;
    const bool over = document.entries.front().validity.not_after <= now_;
    const bool kept = std::ranges::any_of(before.kept, [&](const KeptLicense& one) {
      return one.license.document == package[i].hash;
    });
    std::string should = "taken";
    if (over && !old)
      should = "expired";
    else if (!is_base(document) && !base)
      should = "base-missing";
    if (kept ? !refusal : !old && said != should)
      return "license " + document.id + " was " + said + " and should be " +
             (kept ? "refused" : should);
  }
  return "";
}

/// SPEC LIC-2
void World::delete_file(VirtualNode& node) {
  if (!node.running()) return;
  const auto kept = node.decide().kept;
  std::vector<const Issued*> files;
  for (const auto& one : kept)
    if (one.key_id.empty()) files.push_back(papers_.find(one.license.document));
  if (files.empty()) return;
  const auto& paper = *files[static_cast<std::size_t>(pick(static_cast<int>(files.size())))];
  const bool sane = times_are_right();
  const auto outcome = node.remove(paper.document.id, [this, at = now_, sane, hash = paper.hash] {
    papers_.told(hash, at, sane ? Papers::Word::gone : Papers::Word::unknown);
  });
  if (outcome) papers_.asked(paper.hash, now_);
  tell(node, "delete " + paper.document.id + (outcome ? "" : ": " + outcome.error().code));
  const std::string said = outcome ? "deleted" : outcome.error().code;
  if (said != (is_base(paper.document) ? "base-license" : "deleted"))
    complaint_ = "deleting " + paper.document.id + " was answered with " + said;
}

/// SPEC SEC-5
void World::revoke(VirtualNode& node) {
  const auto papers = papers_.all();
  if (!node.running() || papers.empty()) return;
  const auto& paper = *papers[static_cast<std::size_t>(pick(static_cast<int>(papers.size())))];
  const auto id = paper.document.id;
  wanted_revoked_.push_back(id);
  const auto bundle = vendor_.bundle(++bundles_ + 1, wanted_revoked_);
  const auto documents =
      node.install({bundle.begin(), bundle.end()}, [this, all = wanted_revoked_] {
        for (const auto& one : all) papers_.revoke(one);
      });
  tell(node, "revoke " + id);
  if (documents.front().refusal)
    complaint_ = "a new trust bundle was refused: " + documents.front().refusal->code;
}

ReferencePools World::pools_of(const Decision& decision) const {
  return {decision, [this](const std::string& hash) -> const LicenseDocument& {
            return issued_.at(hash).document;
          }};
}

std::string World::check_pools(const VirtualNode& node, const Decision& decision) const {
  return pools_of(decision).compare(node.entitlements(decision), usage_);
}

}  // namespace latchkey::simulation
