#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey-client/credentials.h"
#include "tools/latchkey-client/enrol.h"
#include "tools/latchkey/context.h"

namespace latchkey::cli {
namespace {

struct Arguments {
  client::Enrolment enrolment{.directory = client::kUsualDirectory};
  std::string ca_file;
};

Result<client::Enrolled> enrol(Arguments& arguments) {
  if (!arguments.ca_file.empty()) {
    LK_TRY(arguments.enrolment.ca, client::read_small_file(arguments.ca_file));
  }
  return client::enrol(arguments.enrolment);
}

void connect(Context& context, Arguments& arguments) {
  const auto enrolled = enrol(arguments);
  if (!enrolled) return report(context, enrolled.error());
  const auto& directory = arguments.enrolment.directory;
  if (context.json)
    return print_json(context, {{"identity", enrolled->identity},
                                {"name", enrolled->name},
                                {"role", enrolled->role},
                                {"directory", directory},
                                {"servers", arguments.enrolment.servers}});
  context.out << "Enrolled as " << context.style.bold(printable(enrolled->name)) << " ("
              << printable(enrolled->role) << ", identity " << printable(enrolled->identity)
              << ").\n"
              << "Key, certificate, CA and servers are in " << directory
              << "; the program that uses them must be able to read key.pem.\n";
}

}  // namespace

void add_connect(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("connect", "Enrol this machine with a license server");
  auto arguments = std::make_shared<Arguments>();
  auto& enrolment = arguments->enrolment;
  verb->add_option("SERVER", enrolment.servers,
                   "https://HOST:8201 of the virtual address, then of the nodes")
      ->required();
  verb->add_option("--token", enrolment.token, "of `latchkey server token create`, or in")
      ->envname("LATCHKEY_TOKEN")
      ->required();
  verb->add_option("--dir", enrolment.directory, "where key and certificates go")
      ->capture_default_str();
  verb->add_option("--ca", arguments->ca_file,
                   "the CA's certificate of servers that have one of their own");
  verb->add_flag("--replace", enrolment.replace, "enrol anew; the old key goes");
  verb->callback([arguments, &context] { connect(context, *arguments); });
}

}  // namespace latchkey::cli
