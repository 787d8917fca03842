#include "tools/latchkey-vendor/options.h"

namespace latchkey::vendor {

void add_period(CLI::App& verb, Period& period) {
  verb.add_option("--not-before", period.not_before,
                  "first instant, 2026-01-31T00:00:00Z or 2026-01-31")
      ->type_name("TIME");
  auto* end = verb.add_option_group("end", "when it ends");
  end->add_option("--not-after", period.not_after, "first instant after it")->type_name("TIME");
  end->add_option("--days", period.days, "days from its first instant")
      ->check(CLI::Range(1, 36500));
  end->require_option(1);
}

Result<Time> time_of(const std::string& text, Time otherwise) {
  if (text.empty()) return otherwise;
  const auto time = parse_day_or_time(text);
  if (!time)
    return fail("invalid-time", "`" + text + "` is not a UTC time.",
                "Write 2026-01-31T00:00:00Z or 2026-01-31.");
  return *time;
}

Result<ValidityWindow> window_of(const Period& period, Time start) {
  ValidityWindow out{};
  LK_TRY(out.not_before, time_of(period.not_before, start));
  LK_TRY(out.not_after, time_of(period.not_after, out.not_before + kDay * period.days));
  if (out.not_before >= out.not_after)
    return fail("invalid-time", "It ends before it begins.", "Give a later end.");
  return out;
}

void add_key_source(CLI::App& verb, KeySource& source) {
  auto* algorithm = verb.add_option("--algorithm", source.algorithm, "ed25519 or ecdsa-p256");
  algorithm->check(CLI::IsMember({"ed25519", "ecdsa-p256"}))->capture_default_str();
  verb.add_option("--key", source.uri, "a key in a PKCS#11 module (RFC 7512), instead of a new one")
      ->type_name("URI")
      ->excludes(algorithm);
}

void add_trust(CLI::App& verb, TrustOptions& trust, bool bundle_required) {
  verb.add_option("--root", trust.roots, "a root's public key; may be repeated")
      ->required()
      ->type_name("PREFIX");
  verb.add_option("--threshold", trust.threshold, "how many roots must have signed the bundle")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb.add_option("--bundle", trust.bundle, "trust bundle")
      ->required(bundle_required)
      ->type_name("FILE");
}

}  // namespace latchkey::vendor
