// latchkey-handbook DIR TAILS: writes the manual pages and completions of `latchkey` and
// `latchkey-vendor` to DIR; TAILS has PROGRAM.man, the end of each page. Runs when packages are
// built; it is not installed.
#include <CLI/App.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "latchkey_version.h"
#include "tools/handbook/handbook.h"
#include "tools/latchkey-vendor/verbs.h"
#include "tools/latchkey/context.h"

namespace {

using namespace latchkey;
using std::filesystem::path;

bool write(const path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  return out.flush().good();
}

bool write_program(const CLI::App& app, const path& to, const path& tails) {
  std::ifstream file(tails / (app.get_name() + ".man"));
  std::ostringstream tail;
  if (!file || !(tail << file.rdbuf())) return false;
  return write(to / (app.get_name() + ".1"), handbook::man_page(app, kVersion, tail.str())) &&
         write(to / (app.get_name() + ".bash"), handbook::bash_completion(app));
}

bool write_all(const path& to, const path& tails) {
  std::filesystem::create_directories(to);
  CLI::App administrator("", "latchkey");
  cli::Context context{.socket = {}, .style = {}, .out = std::cout, .err = std::cerr};
  cli::describe(administrator, context);
  CLI::App vendor("", "latchkey-vendor");
  vendor::Session session{std::cout, std::cerr, {}, {}, {}, {}};
  vendor::describe(vendor, session);
  return write_program(administrator, to, tails) && write_program(vendor, to, tails);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && write_all(argv[1], argv[2])) return 0;
  std::cerr << "usage: latchkey-handbook DIR TAILS; a file could not be read or written\n";
  return 1;
}
