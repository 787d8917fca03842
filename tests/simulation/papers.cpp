#include "tests/simulation/papers.h"

namespace latchkey::simulation {

void Papers::asked(const std::string& hash, Time at) {
  auto& paper = papers_.at(hash);
  paper.word = Word::unknown;
  paper.at = at;
}

void Papers::told(const std::string& hash, Time at, Word word) {
  auto& paper = papers_.at(hash);
  if (paper.at == at) paper.word = word;
}

const Issued* Papers::find(const std::string& hash) const {
  const auto found = papers_.find(hash);
  return found == papers_.end() ? nullptr : &found->second.license;
}

std::vector<const Issued*> Papers::all() const {
  std::vector<const Issued*> all;
  for (const auto& [hash, paper] : papers_) all.push_back(&paper.license);
  return all;
}

std::string Papers::check(const Decision& decision) {
  std::set<std::string> kept;
  for (const auto& one : decision.kept)
    if (one.key_id.empty() && !kept.insert(one.license.document).second)
      return "a file license is installed twice";
  for (auto& [hash, paper] : papers_) {
    const bool is_kept = kept.erase(hash) != 0;
    const auto& id = paper.license.document.id;
    if (revoked_.count(id) != 0) {
      if (is_kept) return "file license " + id + " was revoked and still counts";
      paper.word = Word::unknown;
    } else if (paper.word == Word::unknown) {
      paper.word = is_kept ? Word::installed : Word::gone;
    } else if (is_kept != (paper.word == Word::installed)) {
      return "file license " + id + (is_kept ? " is back" : " is lost");
    }
  }
  return kept.empty() ? "" : "a file license that nobody issued is installed";
}

}  // namespace latchkey::simulation
