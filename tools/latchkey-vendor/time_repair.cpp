#include "core/license/time_repair.h"

#include <array>

#include "core/base/random.h"
#include "core/license/envelope.h"
#include "tools/files/files.h"
#include "tools/latchkey-vendor/binding.h"
#include "tools/latchkey-vendor/options.h"
#include "tools/latchkey-vendor/verbs.h"

namespace latchkey::vendor {
namespace {

constexpr int kMostDays = 14;  // kTimeRepairLife
static_assert(kMostDays * kDay == kTimeRepairLife);

struct Options {
  std::string issuer;
  std::string deployment;
  std::string request_key;
  std::string id;
  std::string time;
  int days = kMostDays;
  std::string output;
};

Result<std::string> id_of(const Options& options) {
  if (!options.id.empty()) return options.id;
  std::array<std::uint8_t, 10> bytes{};
  if (!system_random(bytes)) return fail("no-random", "The system gave no random numbers.");
  return "T-" + to_hex(bytes);
}

Result<DeploymentId> deployment_of(const Options& options) {
  if (options.request_key.empty()) return options.deployment;
  LK_TRY(const auto request, open_request_key(options.request_key));
  return request.deployment;
}

Result<TimeRepair> compose(const Options& options, const Issuer& issuer, Time now) {
  if (!issuer.may_repair_time())
    return fail("issuer-not-valid", "The issuing key may not repair time.",
                "Use an issuing key with the scope `time`.");
  TimeRepair repair;
  LK_TRY(repair.id, id_of(options));
  LK_TRY(repair.deployment, deployment_of(options));
  LK_TRY(repair.time, time_of(options.time, std::chrono::floor<std::chrono::seconds>(now)));
  repair.issuer = issuer.name;
  repair.until = repair.time + options.days * kDay;
  if (repair.time < issuer.validity.not_before || repair.time >= issuer.validity.not_after)
    return fail("issuer-not-valid", "The issuing key is not valid at that time.",
                "Use another one.");
  return repair;
}

Result<void> issue(const Options& options, Session& session) {
  LK_TRY(const auto issuer, open_issuer(options.issuer));
  LK_TRY(const auto repair, compose(options, issuer, session.now));
  const auto payload = serialise(repair);
  LK_CHECK(parse_time_repair(as_bytes(payload)));  // never sign what no agent reads
  LK_TRY(const auto key, open_private_key(options.issuer, session));
  LK_TRY(const auto envelope, make_envelope(kTimeRepairType, payload, {&key, 1}));
  LK_CHECK(tool::write_file(options.output, envelope + "\n", tool::Access::everyone,
                            tool::Existing::replace));
  session.out << "time repair " << repair.id << ": it is " << format_time(repair.time)
              << "; to be used until " << format_time(repair.until) << '\n';
  return {};
}

}  // namespace

void add_time_repair(CLI::App& app, Session& session) {
  auto* verb = app.add_subcommand(
      "time-repair", "tell a deployment, whose license time went wrong, what time it is");
  auto& options = on_chosen<Options>(*verb, session, issue);
  verb->add_option("--issuer", options.issuer, "issuing key with the scope `time`")
      ->required()
      ->type_name("PREFIX");
  auto* target = verb->add_option_group("for", "which deployment");
  target->add_option("--deployment", options.deployment,
                     "its id, 64 hex digits: `latchkey status --json` shows it");
  target->add_option("--request-key", options.request_key, "of the deployment")->type_name("FILE");
  target->require_option(1);
  verb->add_option("--id", options.id, "of the time repair; default: a random one");
  verb->add_option("--time", options.time, "what time it is; default: now")->type_name("TIME");
  verb->add_option("--days", options.days, "how long it may be used")
      ->check(CLI::Range(1, kMostDays))
      ->capture_default_str();
  verb->add_option("-o,--output", options.output, "document to write")
      ->required()
      ->type_name("FILE");
}

}  // namespace latchkey::vendor
