#include "tools/latchkey/doctor.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tools/latchkey/bundle/write_bundle.h"
#include "tools/latchkey/context.h"

namespace latchkey::cli {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kVerdictNames{"ok", "note", "problem"};

std::string_view name(Finding::Verdict verdict) {
  return kVerdictNames[static_cast<std::size_t>(verdict)];
}

void print(const Context& context, const Finding& finding) {
  const auto& style = context.style;
  const std::string mark = finding.verdict == Finding::Verdict::good   ? style.good("  ok     ")
                           : finding.verdict == Finding::Verdict::note ? style.warn("  note   ")
                                                                       : style.bad("  PROBLEM");
  context.out << mark << "  " << printable(finding.text) << '\n';
  if (!finding.cure.empty()) context.out << "             -> " << printable(finding.cure) << '\n';
}

void check_agent(const Context& context, const Result<AgentStatus>& status, Findings& findings) {
  if (!status) {
    findings.push_back(
        {Finding::Verdict::bad, "agent", status.error().message, status.error().cure});
    return;
  }
  findings.push_back(
      {Finding::Verdict::good, "agent", "The agent answers at " + context.socket + ".", ""});
  check_status(*status, findings);
}

Findings examine(const Context& context, const Machine& machine) {
  Findings findings;
  const Result<AgentStatus> status = context.client().get("/v1/status");
  check_socket(context.socket, findings);
  check_groups(machine, findings);
  check_rules(machine, findings);
  check_devices(machine, status ? *status : AgentStatus(), findings);
  check_agent(context, status, findings);
  return findings;
}

void tell(Context& context, const Findings& findings) {
  const bool bad = std::ranges::any_of(
      findings, [](const Finding& f) { return f.verdict == Finding::Verdict::bad; });
  context.exit_code = bad ? kRefused : kOk;
  if (context.json) return print_json(context, findings_json(findings));
  for (const auto& finding : findings) print(context, finding);
  context.out << (bad ? "There is something to do, see above.\n" : "Nothing is wrong.\n");
}

void doctor(Context& context, const BundleOptions& bundle) {
  const Machine machine;
  const auto findings = examine(context, machine);
  if (bundle.file.empty()) return tell(context, findings);
  if (const auto done = write_bundle(context, machine, findings, bundle); !done)
    report(context, done.error());
}

}  // namespace

json findings_json(const Findings& findings) {
  json list = json::array();
  for (const auto& finding : findings)
    list.push_back({{"verdict", name(finding.verdict)},
                    {"subject", finding.subject},
                    {"text", finding.text},
                    {"cure", finding.cure}});
  return {{"findings", list}};
}

void add_doctor(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand(
      "doctor", "What is wrong with this machine's keys and rights, and what to do about it");
  verb->footer(
      "As root it also sees which program holds a key. Exit code: 0 nothing is wrong, 1 something "
      "is; with --bundle: 0 when the bundle was written.");
  auto bundle = std::make_shared<BundleOptions>();
  auto* file = verb->add_option("--bundle", bundle->file,
                                "write what support needs to see to a new file, a .tar.gz without "
                                "secrets (-: standard output)");
  file->type_name("FILE");
  verb->add_option("--config", bundle->config, "of the agent, for the bundle")
      ->type_name("FILE")
      ->needs(file)
      ->capture_default_str();
  verb->callback([bundle, &context] { doctor(context, *bundle); });
}

}  // namespace latchkey::cli
