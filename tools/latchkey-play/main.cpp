#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "tools/latchkey-play/explain.h"
#include "tools/latchkey-play/world.h"
#include "tools/terminal/usage.h"

// latchkey-play: plays a story through the real core and prints what each node would say
// (docs/play.md).
namespace latchkey::play {
namespace {

constexpr int kBadInput = 2;

int refuse(std::size_t line, const Error& error) {
  std::cerr << "latchkey-play: ";
  if (line != 0) std::cerr << "line " << line << ": ";
  std::cerr << error.code << ": " << error.message << ' ' << error.cure << '\n';
  return kBadInput;
}

Error no_such_file(const std::string& file) {
  return {"no-such-file", "Cannot read " + file + ".", "Check its name and its rights."};
}

using Teller = std::function<Result<std::vector<Answer>>(const Step&)>;

int tell(std::istream& in, const Teller& teller) {
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto step = parse_step(line);
    if (!step) return refuse(number, step.error());
    const auto answers = teller(*step);
    if (!answers) return refuse(number, answers.error());
    for (const auto& answer : *answers)
      std::cout << answer_line(format_time(step->at), answer.node, answer.decision) << '\n';
    std::cout.flush();
  }
  return 0;
}

/// Answers the questions of a story from recorded facts instead of from what the story does.
Result<std::vector<Answer>> answer_from(const std::vector<Fact>& facts, Duration settle,
                                        const Step& step) {
  const auto* ask = std::get_if<Ask>(&step.action);
  if (!ask)
    return fail("invalid-story", "With --facts a story can only ask.",
                "Leave the other lines out.");
  std::vector<Answer> answers;
  for (const auto& node : nodes_of(facts))
    if (ask->node.empty() || ask->node == node)
      answers.push_back({node, decide_at(facts, {node, settle}, step.at)});
  return answers;
}

int run_facts(const std::string& file, Duration settle, std::istream* questions) {
  std::ifstream in(file);
  if (!in) return refuse(0, no_such_file(file));
  const auto facts = read_facts(in);
  if (!facts) return refuse(0, facts.error());
  if (questions)
    return tell(*questions, [&](const Step& step) { return answer_from(*facts, settle, step); });
  explain(*facts, settle, std::cout);
  return 0;
}

int run(const std::string& facts, Duration settle, const std::string& story) {
  std::ifstream file;
  if (!story.empty() && story != "-") {
    file.open(story);
    if (!file) return refuse(0, no_such_file(story));
  }
  std::istream& in = file.is_open() ? file : std::cin;
  if (!facts.empty()) return run_facts(facts, settle, story.empty() ? nullptr : &in);
  World world;
  return tell(in, [&](const Step& step) { return world.play(step); });
}

}  // namespace
}  // namespace latchkey::play

int main(int argc, char** argv) {
  CLI::App app("Plays a story through the real core and prints what each node would say.",
               "latchkey-play");
  std::string facts;
  std::string story;
  int settle = 3;
  app.add_option("--facts", facts, "explain exported facts; with a story, answer its questions");
  app.add_option("--settle", settle, "with --facts: the node's keys.settle_s (SPEC KEY-11)")
      ->check(CLI::Range(0, 60))
      ->capture_default_str();
  app.add_option("story", story, "JSON lines; standard input when absent or -");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0
               ? app.exit(error)
               : latchkey::play::refuse(0, latchkey::usage_error(app, error));
  }
  return latchkey::play::run(facts, std::chrono::seconds(settle), story);
}
